"""Independent extractions of one printed number: compared, and reduced to one cell.

A cell is one fact: an arm's (or a contrast's) summary of one outcome on one scale at one visit.
Two extractors who read the same cell give a double-extraction check; the fullest row stands for the
cell and takes over what it lacks (n, week, method, p) from rows that print the same number.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

STATED = {"sd": 0, "se": 0, "ci95": 1, "iqr": 2, "range": 2, "sd_or_se": 3, "none": 4}
SOURCE = {"primary": 0, "registry": 1, "secondary": 2}
INHERITED = ("n", "week", "method", "p", "p_scope", "comparator_arm_id")


def reconcile(rows: list[dict], week_tolerance: float) -> tuple[list[dict], list[dict], list[dict]]:
    """Group canonical rows into cells.

    Returns
    -------
    cells : one dict a cell, the leading row's values plus `cell_id`, `source_rows`, `sources`
    superseded : dicts row_id, superseded_by, reason (repeats | contradicted)
    pairs : every pair of rows of one cell by different extractors, with both values and `agree`
    """
    groups = defaultdict(list)
    for row in rows:
        groups[_fact(row)].append(row)
    cells, superseded, pairs = [], [], []
    for members in groups.values():
        for cluster in _visits(sorted(members, key=_preference), week_tolerance):
            lead, *others = cluster
            cells.append(_cell(lead, others))
            for row in others:
                same = values_agree(lead, row)
                superseded.append(
                    {
                        "row_id": row["row_id"],
                        "superseded_by": lead["row_id"],
                        "reason": "repeats_another_row" if same else "contradicted_by_another_row",
                    }
                )
            pairs += [
                _pair(a, b) for a, b in combinations(cluster, 2) if a["extractor"] != b["extractor"]
            ]
    return cells, superseded, pairs


def _fact(row: dict) -> tuple:
    centre = "median" if row["center_type"] == "median" else "mean"
    keys = ("trial_id", "arm_id", "comparator_arm_id", "outcome", "scale", "timepoint")
    return (*(row[k] for k in keys), centre)


def _preference(row: dict) -> tuple:
    return (
        SOURCE.get(row["source_type"], 3),
        STATED.get(row["spread_kind"], 4),
        row["n"] is None,
        row["extractor"],
        row["row_id"],
    )


def _visits(rows: list[dict], tolerance: float) -> list[list[dict]]:
    """Split the rows of one fact by visit and method; a row without a week or method fits any."""
    clusters: list[list[dict]] = []
    for row in rows:
        for cluster in clusters:
            if all(_compatible(row, other, tolerance) for other in cluster):
                cluster.append(row)
                break
        else:
            clusters.append([row])
    return clusters


def _compatible(a: dict, b: dict, tolerance: float) -> bool:
    weeks = a["week"] is None or b["week"] is None or abs(a["week"] - b["week"]) <= tolerance
    methods = not a["method"] or not b["method"] or a["method"] == b["method"]
    return weeks and methods


def _cell(lead: dict, others: list[dict]) -> dict:
    cell = dict(lead)
    twins = [o for o in others if values_agree(lead, o)]
    for key in INHERITED:
        if cell[key] in (None, ""):
            cell[key] = next((o[key] for o in twins if o[key] not in (None, "")), cell[key])
    if cell["spread_kind"] == "none":
        donor = next((o for o in twins if o["spread_kind"] != "none"), None)
        if donor:
            cell.update({k: donor[k] for k in ("spread_kind", "spread", "lower", "upper")})
    cell["stated_elsewhere"] = [
        o["row_id"]
        for o in twins
        if o["spread_kind"] == "sd_or_se"
        and cell["spread_kind"] in ("sd", "se")
        and o["spread"] == cell["spread"]
    ]
    cell["cell_id"] = lead["row_id"]
    cell["source_rows"] = [lead["row_id"], *(o["row_id"] for o in twins)]
    cell["sources"] = list(
        dict.fromkeys(r["source_url"] for r in (lead, *twins) if r["source_url"])
    )
    return cell


def decimals(text: str) -> int:
    """Decimals of a printed number.

    >>> decimals("-4.70"), decimals("12")
    (2, 0)
    """
    return len(text.partition(".")[2])


def values_agree(a: dict, b: dict) -> bool:
    """Whether two printed centres are the same number within the coarser one's rounding."""
    half = 0.5 * 10.0 ** -min(decimals(a["printed_center"]), decimals(b["printed_center"]))
    return abs(float(a["printed_center"]) - float(b["printed_center"])) <= half * 1.0001


def _pair(a: dict, b: dict) -> dict:
    return {
        "trial_id": a["trial_id"],
        "arm_id": a["arm_id"],
        "outcome": a["outcome"],
        "timepoint": a["timepoint"],
        "row_a": a["row_id"],
        "row_b": b["row_id"],
        "value_a": a["printed_center"],
        "value_b": b["printed_center"],
        "agree": values_agree(a, b),
    }
