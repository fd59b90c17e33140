"""The row ledger: what became of every raw row. Rows in = rows accounted for."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from liverfit.data.schema import MAPPED

if TYPE_CHECKING:
    import pandas as pd

NO_FATE = "unaccounted"
STATUSES = ("used", "superseded", "excluded")
COLUMNS = ("row_id", "status", "reason", "superseded_by", "used_in")
REASONS = {
    "": "used as it is",
    "direction_only": "says increased, decreased or no change, without a number",
    "p_value_only": "prints a p-value and nothing else",
    "no_number": "no number to work with",
    "outcome_not_analysed": "the outcome is not in config/outcomes.yaml",
    "repeats_another_row": "another row prints the same number",
    "contradicted_by_another_row": "another row, of a better source, prints a different number",
    "contrast_stored_as_change": "an arm's change that is in truth the printed contrast",
    "better_route": "a better route to the same effect was open",
    "not_needed": "the effect was computed from other rows",
    "other_visit_of_the_bout": "another visit after the bout stands for it",
    "after_the_programme": "a visit after the programme had ended",
    "no_comparator_arm": "the trial holds no second arm to compare with",
    "not_an_allocation": "the arms were not allocated against each other",
    "part_of_the_other": "one arm is part of the other",
    "parts_of_one_arm": "both arms are parts of one arm",
    "subset_against_whole": "a subset has no whole arm as its comparator",
    "different_subsets": "subsets of different kinds",
    "different_strata": "arms of different strata",
    "two_controls": "neither arm holds an active component",
    "other_factor_of_a_factorial": "the other factor of a factorial trial",
    "number_in_one_arm_only": "the other arm prints no number",
    "no_spread": "no SD, SE, interval or exact p-value leads to a variance",
    "spread_unresolved": "whether ± is an SD or an SE stayed open",
    "quantiles_unusable": "quartiles or range cannot give an SD",
    "n_missing": "the number of people is not printed",
    "visits_or_scales_differ": "the arms are printed for different visits or on different scales",
    "scale_not_poolable": "no measure is defined on this scale",
    "no_effect": "no effect of this trial could be computed",
    "in_no_effect": "this arm is in no effect",
    "no_fitted_line": "no claim has a fitted line for this comparison, outcome and measure",
    "not_compared": "rows printed in reviews are for reading beside ours, never pooled",
    "reader_check": "a reader's check on the pipeline, not an input",
    "nothing_to_apply_to": "names nothing that the analysis uses",
    "data_set_left_out": "the data set has errors and the plan says to skip it",
}


class LedgerError(ValueError):
    """Rows that are not accounted for, or accounted for twice."""


def build_ledger(
    rows: dict[str, list[str]], fates: list[pd.DataFrame], uses: dict[str, list[str]]
) -> pd.DataFrame:
    """One row for every raw row.

    Parameters
    ----------
    rows : table name (`dataset/file.csv`) -> all its row ids
    fates : tables row_id, status, reason, superseded_by (and used_in), one row a raw row; the
        first table that names a row tells its fate
    uses : row_id -> where it is used (effect ids, result tables). A row that only repeats another
        stays superseded, although what it adds (an n, a week) is used

    Raises
    ------
    LedgerError
        where a fate or use names an unknown row, a table gives a row two fates, a status or reason
        is not on its list, a measurement has neither fate nor use, or rows in are not rows
        accounted for.
    """
    import pandas as pd

    known = {r for ids in rows.values() for r in ids}
    fate = {}
    for table in fates:
        twice = sorted(set(table.loc[table["row_id"].duplicated(), "row_id"]))
        if twice:
            raise LedgerError(f"rows with two fates: {', '.join(twice[:10])}")
        for f in table.astype(object).fillna("").to_dict("records"):
            fate.setdefault(f["row_id"], f)
    named = {f["superseded_by"] for f in fate.values() if f["superseded_by"]}
    strangers = sorted((set(fate) | set(uses) | named) - known)
    if strangers:
        raise LedgerError(f"rows that no raw table holds: {', '.join(strangers[:10])}")
    out = []
    for table, ids in sorted(rows.items()):
        for row_id in ids:
            out.append(_entry(table, row_id, fate.get(row_id), uses.get(row_id, [])))
    _check(out, known)
    return pd.DataFrame(out, columns=list(COLUMNS))


def _entry(table: str, row_id: str, fate: dict | None, used_in: list[str]) -> dict:
    entry = {"row_id": row_id, "status": "used", "reason": "", "superseded_by": "", "used_in": ""}
    if fate:
        entry.update({k: fate.get(k, "") for k in COLUMNS[1:]})
    places = [*filter(None, entry["used_in"].split(";")), *used_in]
    entry["used_in"] = ";".join(dict.fromkeys(places))
    if places and entry["status"] != "superseded":
        entry.update(status="used", reason="", superseded_by="")
    elif not places and entry["status"] == "used":
        entry.update(status="excluded", reason=_idle_reason(table))
    return entry


def _idle_reason(table: str) -> str:
    """Why a row of a table without fates of its own is used nowhere."""
    name = table.rpartition("/")[2].removesuffix(".csv")
    return {
        "trials": "no_effect",
        "arms": "in_no_effect",
        "reviews": "no_fitted_line",
        "trial_effects": "not_compared",
        "liver_fat_feasibility": "reader_check",
        "measurements": NO_FATE,
        **dict.fromkeys(MAPPED, NO_FATE),
    }.get(name, "nothing_to_apply_to")


def _check(entries: list[dict], known: set[str]) -> None:
    ids = [e["row_id"] for e in entries]
    if len(ids) != len(set(ids)) or set(ids) != known:
        raise LedgerError(f"{len(known)} raw rows, {len(ids)} ledger rows, {len(set(ids))} of them")
    lost = [e["row_id"] for e in entries if e["reason"] == NO_FATE]
    if lost:
        raise LedgerError(f"{len(lost)} rows without fate or use: {', '.join(lost[:10])}")
    strange = sorted({e["status"] for e in entries} - set(STATUSES))
    if strange:
        raise LedgerError(f"statuses that are not on the list: {', '.join(strange)}")
    unknown = sorted({e["reason"] for e in entries} - set(REASONS))
    if unknown:
        raise LedgerError(f"reasons that are not on the list: {', '.join(unknown)}")


EARLY = ("direction_only", "p_value_only", "no_number", "outcome_not_analysed")
REPEATS = ("repeats_another_row", "contradicted_by_another_row", "contrast_stored_as_change")


def row_flow(ledger: pd.DataFrame, ends: dict[str, int], summaries: set[str]) -> pd.DataFrame:
    """Counts for the flow figure: summaries -> with a number -> facts -> effects -> pooled.

    `summaries` are the ids of the raw rows with printed summaries; `ends` counts effects by where
    they ended; its first key is the pool.

    Columns stage, box (kept | removed), count, reason (for kept the noun that is counted), as
    `plots.row_flow` reads them.
    """
    import pandas as pd

    m = ledger[ledger["row_id"].isin(summaries)]
    counts = Counter(zip(m["status"], m["reason"], strict=True))
    removed = {"early": Counter(), "repeats": Counter(), "late": Counter()}
    for (status, reason), count in counts.items():
        if status == "excluded" and reason in EARLY:
            removed["early"][reason] += count
        elif reason in REPEATS:
            removed["repeats"][reason] += count
        elif status != "used":
            removed["late"][reason] += count
    stages = (
        ("Printed summaries", removed["early"]),
        ("With a number, outcome analysed", removed["repeats"]),
        ("Distinct facts", removed["late"]),
    )
    rows, left = [], len(m)
    for name, gone in stages:
        rows.append((name, "kept", left, "rows"))
        rows += [(name, "removed", c, REASONS[r]) for r, c in gone.most_common()]
        left -= gone.total()
    rows.append(("Used in effects", "kept", left, "rows"))
    (pool, pooled), *others = ends.items()
    rows.append(("Effect sizes", "kept", sum(ends.values()), "effects"))
    rows += [("Effect sizes", "removed", count, why) for why, count in others if count]
    rows.append((pool[0].upper() + pool[1:], "kept", pooled, "effects"))
    return pd.DataFrame(rows, columns=["stage", "box", "count", "reason"])
