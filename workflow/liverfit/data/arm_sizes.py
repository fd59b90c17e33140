"""Numbers of people in the records of an arm, against its size and against each other."""

from __future__ import annotations

from collections import Counter, defaultdict

from .checks import records
from .findings import Findings
from .parse import number
from .table import RawTable

# Participants randomised and analysed by (trial_id, arm_id).
Sizes = dict[tuple[str, str], tuple[float | None, float | None]]
NEEDS = ("trial_id", "arm_id", "timepoint", "n")


def arm_sizes(arms: RawTable | None) -> Sizes:
    """The sizes that the table of arms prints; none without the table or its columns."""
    if arms is None or not {"trial_id", "arm_id"} <= arms.present:
        return {}
    return {
        (r["trial_id"], r["arm_id"]): (
            number(r.get("n_randomised", "")),
            number(r.get("n_analysed", "")),
        )
        for _, r in records(arms)
    }


def check_sizes(table: RawTable, sizes: Sizes, found: Findings) -> None:
    """Warn of an n above the number randomised, and of one that the arm has nowhere else.

    Parameters
    ----------
    table : RawTable
        Measurements.
    sizes : dict
        As `arm_sizes` gives them.
    found : Findings
        Collector of the table's file.

    Notes
    -----
    Fewer people than an arm has may be measured, for a substudy say; then the number seldom stands
    in one record alone. An arm without another record and without a size has nothing to compare.
    """
    by_arm: dict[tuple[str, str], list[tuple[int, float]]] = defaultdict(list)
    for line, r in records(table):
        n = number(r["n"])
        if n and n > 0 and r["timepoint"] != "contrast":
            by_arm[r["trial_id"], r["arm_id"]].append((line, n))
    for arm, seen in by_arm.items():
        allocated, analysed = sizes.get(arm, (None, None))
        count = Counter(n for _, n in seen)
        known = sorted({*count, allocated, analysed} - {None})
        for line, n in seen:
            if allocated is not None and n > allocated:
                what = f"{n:g} participants measured of {allocated:g} randomised to the arm"
                expected = "no more than were randomised"
            elif count[n] == 1 and n not in (allocated, analysed) and len(known) > 1:
                what = f"{n:g} participants, a number that the arm has nowhere else"
                expected = " or ".join(f"{other:g}" for other in known if other != n)
            else:
                continue
            found.warn(line, "n", what, expected, "check it against the source")
