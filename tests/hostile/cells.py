"""Damage to single cells and rows: what a hasty or hostile extractor may write."""

from __future__ import annotations

from collections.abc import Callable

from case import Case, Place
from summaries import SUMMARIES, number_row

NUMBERS = {
    "trials": ("age_mean", "pct_female", "bmi_mean", "year", "pmid"),
    "arms": ("n_randomised", "n_analysed", "weeks"),
    "measurements": ("week", "n", "center", "spread", "lower", "upper"),
}
WORDS = {
    "trials": ("design", "randomised", "diet_cointervention", "weight_result"),
    "arms": ("role", "modality"),
    "measurements": ("timepoint", "center_type", "spread_type", "p_scope", "qualitative",
                     "location", "source_type"),
}  # fmt: skip
LABELS = {
    "trials": ("first_author", "title", "journal", "population", "notes"),
    "arms": ("arm_label", "intensity", "cointervention"),
    "measurements": ("as_reported", "notes"),
}
IDS = {"arms": ("trial_id",), "measurements": ("trial_id", "arm_id", "comparator_arm_id")}
HTML = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</td></tr><h1>", "<!-- x",
    "<svg/onload=alert(1)>", "<b>bold</b>",
)  # fmt: skip
FORMULAS = (
    "=1+1", '=HYPERLINK("http://x")', "+1+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3+cmd|' /C x'!A0",
)  # fmt: skip
INVISIBLE = (
    "\u202e", "\u200b", "\u2066", "\ufeff", "\u00ad", "\u2028", "\x1b[31m", "\x07", "\r", "\0",
)  # fmt: skip
NOT_NUMBERS = ("NaN", "nan", "inf", "-inf", "Infinity", "1e308", "1e309", "NA", "NULL", "-", "?")


def _any(case: Case, columns: dict[str, tuple[str, ...]], filled: bool = True):
    """A random (table, row, column) among the columns, with something in the cell."""
    table = case.rng.choice(list(columns))
    names = [c for c in columns[table] if c in case.tables[table][0]]
    column = case.rng.choice(names)
    row = case.pick(table, lambda r: bool(r[column]) or not filled)
    return None if row is None else (table, row, column)


def _written(columns, values, join: Callable[[Case, str, str], str] | None = None, filled=True):
    """A mutation that writes one of the values into one of the columns."""

    def mutate(case: Case) -> list[Place] | None:
        place = _any(case, columns, filled)
        if place is None:
            return None
        value = case.rng.choice(values)
        before = case.get(*place)
        return [case.put(*place, join(case, before, value) if join else value)]

    return mutate


def _beside(case: Case, before: str, value: str) -> str:
    return case.rng.choice([before + value, value + before])


def _inside(case: Case, before: str, value: str) -> str:
    at = case.rng.randrange(len(before) + 1)
    return before[:at] + value + before[at:]


not_a_number = _written(NUMBERS, NOT_NUMBERS)
text_in_number = _written(
    NUMBERS, (" kg", "n=", "~", "±2", " (12)", "%", "*", "O", "l", "a", " to 9", "<", "†"), _beside
)
unknown_word = _written(
    WORDS, ("yess", "RCT", "Yes", " aerobic", "sd?", "unknown ", "drop table", "0")
)
markup_in_label = _written(LABELS, HTML, _beside, filled=False)
formula_in_label = _written(LABELS, FORMULAS, filled=False)
invisible_in_label = _written(LABELS, INVISIBLE, _inside, filled=False)
invisible_in_number = _written(NUMBERS, INVISIBLE, _inside)
unknown_id = _written(IDS, ("nobody2099", "ex ", "a b", "../x", "9" * 40))
negative_count = _written(
    {"arms": ("n_randomised", "n_analysed"), "measurements": ("n",)},
    ("-12", "0", "-1", "1.5", "1e9"),
)
negative_spread = _written({"measurements": ("spread",)}, ("-2.4", "-0.1", "-1"))


def decimal_comma(case: Case) -> list[Place] | None:
    row = case.pick("measurements", lambda r: "." in r["center"])
    if row is None:
        return None
    before = case.get("measurements", row, "center")
    return [case.put("measurements", row, "center", before.replace(".", ","))]


def empty_required(case: Case) -> list[Place] | None:
    columns = {"trials": ("trial_id", "design", "randomised", "source_url"),
               "arms": ("trial_id", "arm_id", "role", "modality"),
               "measurements": ("trial_id", "outcome", "timepoint", "location")}  # fmt: skip
    place = _any(case, columns)
    return None if place is None else [case.put(*place, "")]


def unknown_unit(case: Case) -> list[Place] | None:
    row = number_row(case)
    units = ("stone", "furlong", "mg", "percent points", "KG", "%", "mmHg")
    return None if row is None else [case.put("measurements", row, "unit", case.rng.choice(units))]


def misspelled_outcome(case: Case) -> list[Place] | None:
    row = number_row(case)
    if row is None:
        return None
    word = case.get("measurements", row, "outcome")
    at = case.rng.randrange(1, len(word))
    return [case.put("measurements", row, "outcome", word[:at] + word[at + 1 :])]


CELLS = {
    name: mutate
    for name, mutate in globals().items()
    if callable(mutate) and not name.startswith("_")
    and name not in ("number_row", "Case", "Place", "Callable")
} | SUMMARIES  # fmt: skip
