"""Damage to rows and their numbers: sound cells that say what was not printed."""

from __future__ import annotations

import math

from case import Case, Place

# powers of ten; mg/dL for mmol/L of glucose and of cholesterol; pounds for kilograms
FACTORS = (
    10, 0.1, 100, 0.01, 1000, 0.001, 18.016, 1 / 18.016, 38.67, 1 / 38.67, 2.2046, 1 / 2.2046,
)  # fmt: skip


def shown(value: float, like: str) -> str:
    """Write a number with as many decimals as another, or three digits where these are lost."""
    decimals = len(like.partition(".")[2])
    text = f"{value:.{decimals}f}"
    return text if float(text) else f"{value:.3g}"


def duplicated_row(case: Case) -> list[Place]:
    table = case.rng.choice(list(case.tables))
    rows = case.tables[table]
    row = case.rng.randrange(1, len(rows))
    at = case.rng.randrange(1, len(rows) + 1)
    rows.insert(at, list(rows[row]))
    return [(f"{table}.csv", at + 1), (f"{table}.csv", row + 1 + (at <= row))]


def duplicated_row_with_another_number(case: Case) -> list[Place] | None:
    """The same summary twice with different numbers, as if by another extractor."""
    row = number_row(case)
    if row is None:
        return None
    rows = case.tables["measurements"]
    rows.append(list(rows[row]))
    new = len(rows) - 1
    case.put("measurements", new, "extractor", "E99")
    value = float(case.get("measurements", row, "center")) * case.rng.choice([0.5, 1.3, 2.0, -1.0])
    case.put("measurements", new, "center", shown(value, case.get("measurements", row, "center")))
    return [("measurements.csv", new + 1), ("measurements.csv", row + 1)]


def lost_row(case: Case) -> list[Place]:
    table = case.rng.choice(list(case.tables))
    row = case.rng.randrange(1, len(case.tables[table]))
    del case.tables[table][row]
    return [(f"{table}.csv", row + 1)]


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def number_row(case: Case, **words: str | tuple[str, ...]) -> int | None:
    """A random measurement with a centre, and with these words."""

    def fits(r: dict[str, str]) -> bool:
        named = all(r[k] in ((v,) if isinstance(v, str) else v) for k, v in words.items())
        return named and _is_number(r["center"]) and float(r["center"]) != 0

    return case.pick("measurements", fits)


def wrong_unit(case: Case) -> list[Place] | None:
    """All numbers of a row in another unit than its unit column says."""
    row = number_row(case, timepoint=("baseline", "post", "change", "contrast"))
    if row is None:
        return None
    factor = case.rng.choice(FACTORS)
    for column in ("center", "spread", "lower", "upper"):
        before = case.get("measurements", row, column)
        if _is_number(before):
            case.put("measurements", row, column, shown(float(before) * factor, before))
    return [("measurements.csv", row + 1)]


def wrong_unit_in_a_trial(case: Case) -> list[Place] | None:
    """The same factor on every number of an outcome in a trial, as if its page were misread."""
    row = number_row(case, timepoint=("baseline", "post"))
    if row is None:
        return None
    keys = ("trial_id", "outcome", "unit")
    like = [case.get("measurements", row, k) for k in keys]
    factor, places = case.rng.choice(FACTORS), []
    for at, r in case.records("measurements"):
        if [r[k] for k in keys] == like:
            for column in ("center", "spread", "lower", "upper"):
                if _is_number(r[column]):
                    value = shown(float(r[column]) * factor, r[column])
                    places.append(case.put("measurements", at, column, value))
    return places


def slipped_decimal_point(case: Case) -> list[Place] | None:
    row = number_row(case)
    column = case.rng.choice(["center", "spread"])
    if row is None or not _is_number(case.get("measurements", row, column)):
        return None
    before = case.get("measurements", row, column)
    value = shown(float(before) * case.rng.choice([10, 0.1]), before)
    return [case.put("measurements", row, column, value)] if value != before else None


def swapped_digits(case: Case) -> list[Place] | None:
    """Two neighbouring digits of a centre change places."""
    row = number_row(case)
    if row is None:
        return None
    text = case.get("measurements", row, "center")
    pairs = [i for i in range(len(text) - 1)
             if text[i].isdigit() and text[i + 1].isdigit() and text[i] != text[i + 1]]  # fmt: skip
    if not pairs:
        return None
    at = case.rng.choice(pairs)
    swapped = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return [case.put("measurements", row, "center", swapped)]


def lost_sign(case: Case) -> list[Place] | None:
    """The sign of a change or contrast turned over, its interval left as it is."""
    row = number_row(case, timepoint=("change", "contrast"))
    if row is None:
        return None
    before = case.get("measurements", row, "center")
    turned = before[1:] if before[0] in "-−" else f"-{before}"
    return [case.put("measurements", row, "center", turned)]


def _exchange(case: Case, first: int, second: int, words: bool) -> list[Place]:
    moved = ("n", "center", "spread", "lower", "upper", *(("as_reported",) if words else ()))
    for column in moved:
        a, b = (case.get("measurements", row, column) for row in (first, second))
        case.put("measurements", first, column, b)
        case.put("measurements", second, column, a)
    return [("measurements.csv", first + 1), ("measurements.csv", second + 1)]


def _other(case: Case, row: int, differs: str) -> int | None:
    """A row with another centre that is like this one but for one column."""
    keys = ["trial_id", "arm_id", "outcome", "unit", "timepoint", "center_type"]
    keys.remove(differs)
    like = [case.get("measurements", row, k) for k in keys]
    here = case.get("measurements", row, differs)
    fit = [at for at, r in case.records("measurements")
           if [r[k] for k in keys] == like and r[differs] != here and _is_number(r["center"])
           and r["center"] != case.get("measurements", row, "center")]  # fmt: skip
    return case.rng.choice(fit) if fit else None


def _swapped(differs: str, timepoints: tuple[str, ...], words: bool):
    """Exchange the numbers of two rows that differ in one column."""

    def mutate(case: Case) -> list[Place] | None:
        row = number_row(case, timepoint=timepoints)
        other = None if row is None else _other(case, row, differs)
        if other is None or case.get("measurements", other, "timepoint") not in timepoints:
            return None
        return _exchange(case, row, other, words)

    return mutate


swapped_arms = _swapped("arm_id", ("baseline", "post", "change"), words=False)
swapped_arms_with_words = _swapped("arm_id", ("baseline", "post", "change"), words=True)
swapped_visits = _swapped("timepoint", ("baseline", "post"), words=False)
swapped_visits_with_words = _swapped("timepoint", ("baseline", "post"), words=True)


def _without_words(mutate):
    """The same damage in a row whose printed words were not kept."""

    def damaged(case: Case) -> list[Place] | None:
        places = mutate(case)
        for _, line in places or ():
            case.put("measurements", line - 1, "as_reported", "")
        return places

    return damaged


wrong_unit_without_words = _without_words(wrong_unit)
slipped_decimal_point_without_words = _without_words(slipped_decimal_point)
lost_sign_without_words = _without_words(lost_sign)


def _relabelled(kind: str, name: str):
    def mutate(case: Case) -> list[Place] | None:
        row = number_row(case, spread_type=kind)
        return None if row is None else [case.put("measurements", row, "spread_type", name)]

    return mutate


se_labelled_sd = _relabelled("se", "sd")
sd_labelled_se = _relabelled("sd", "se")


def sd_labelled_se_in_a_trial(case: Case) -> list[Place] | None:
    """Every SD of an outcome in a trial called SE."""
    row = number_row(case, spread_type="sd")
    if row is None:
        return None
    like = [case.get("measurements", row, k) for k in ("trial_id", "outcome")]
    rows = [at for at, r in case.records("measurements")
            if [r["trial_id"], r["outcome"]] == like and r["spread_type"] == "sd"]  # fmt: skip
    return [case.put("measurements", at, "spread_type", "se") for at in rows]


def _interval_row(case: Case, timepoint: str = "") -> int | None:
    """A random row with estimate and 95 % interval."""

    def fits(r: dict[str, str]) -> bool:
        numbers = all(_is_number(r[c]) for c in ("center", "lower", "upper"))
        named = r["spread_type"] == "ci95" and timepoint in ("", r["timepoint"])
        return numbers and named and r["lower"] != r["upper"]

    return case.pick("measurements", fits)


def swapped_interval_ends(case: Case) -> list[Place] | None:
    row = _interval_row(case)
    if row is None:
        return None
    low, high = (case.get("measurements", row, c) for c in ("lower", "upper"))
    case.put("measurements", row, "lower", high)
    return [case.put("measurements", row, "upper", low)]


def interval_elsewhere(case: Case) -> list[Place] | None:
    """A 95 % interval that does not hold its estimate."""
    row = _interval_row(case)
    if row is None:
        return None
    low, high = (case.get("measurements", row, c) for c in ("lower", "upper"))
    shift = (float(high) - float(low)) * case.rng.choice([-2, 2])
    case.put("measurements", row, "lower", shown(float(low) + shift, low))
    return [case.put("measurements", row, "upper", shown(float(high) + shift, high))]


def p_against_interval(case: Case) -> list[Place] | None:
    """A p that says the contrary of the interval beside it."""
    row = _interval_row(case, "contrast")
    if row is None:
        return None
    low, high = (float(case.get("measurements", row, c)) for c in ("lower", "upper"))
    case.put("measurements", row, "p_scope", "between")
    return [case.put("measurements", row, "p_value", "0.0001" if low <= 0 <= high else "0.6")]


def change_not_difference(case: Case) -> list[Place] | None:
    """A change off by a quarter of the baseline, where baseline and end are printed too."""
    rows = [(at, r) for at, r in case.records("measurements")
            if r["timepoint"] == "change" and r["unit"] != "percent_relative"]  # fmt: skip
    for at, r in case.rng.sample(rows, len(rows)):
        if not _is_number(r["center"]):
            continue
        keys = ("trial_id", "arm_id", "outcome", "unit")
        levels = {o["timepoint"]: o["center"] for _, o in case.records("measurements")
                  if all(o[k] == r[k] for k in keys) and _is_number(o["center"])}  # fmt: skip
        if {"baseline", "post"} <= levels.keys():
            value = float(r["center"]) + 0.25 * abs(float(levels["baseline"]))
            return [case.put("measurements", at, "center", shown(value, r["center"]))]
    return None


def more_measured_than_randomised(case: Case) -> list[Place] | None:
    sizes = {(r["trial_id"], r["arm_id"]): r["n_randomised"] for _, r in case.records("arms")}
    row = case.pick("measurements", lambda r: bool(sizes.get((r["trial_id"], r["arm_id"])))
                    and r["timepoint"] != "contrast" and _is_number(r["center"]))  # fmt: skip
    if row is None:
        return None
    key = tuple(case.get("measurements", row, c) for c in ("trial_id", "arm_id"))
    return [case.put("measurements", row, "n", str(int(sizes[key]) * 2 + 1))]


def wrong_n(case: Case) -> list[Place] | None:
    """An n that is too small by a third."""
    row = case.pick(
        "measurements", lambda r: r["n"].isdigit() and int(r["n"]) > 8 and bool(r["center"])
    )
    if row is None:
        return None
    n = int(case.get("measurements", row, "n"))
    return [case.put("measurements", row, "n", str(2 * n // 3))]


SUMMARIES = {
    name: mutate
    for name, mutate in globals().items()
    if callable(mutate) and not name.startswith("_")
    and name not in ("shown", "number_row", "Case", "Place")
}  # fmt: skip
