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
INHERITED = ("n", "week", "method")
OF_ROWS = ("printed_method", "rounding", "source_type")  # what tells rows apart, not cells


def reconcile(rows: list[dict], week_tolerance: float) -> tuple[list[dict], list[dict], list[dict]]:
    """Group canonical rows into cells.

    The list `rows` is empty afterwards: each row is let go when its cell is made, since all rows
    beside all cells would take twice the memory.

    Returns
    -------
    cells : one dict a cell, the leading row's values plus `cell_id`, `source_rows`, `sources`,
        `spread_sources` (pages that print this spread) and `twin_spreads` (spreads that other
        rows of the cell print)
    superseded : dicts row_id, superseded_by, reason (repeats | contradicted)
    pairs : every pair of rows of one cell by different extractors, with both values and `agree`
    """
    groups = defaultdict(list)
    for row in _methods_apart(rows):
        groups[_fact(row)].append(row)
    rows.clear()
    cells, superseded, pairs = [], [], []
    for fact in list(groups):
        members = groups.pop(fact)
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
    """What a number is about; the comparator counts for contrasts only.

    An arm's own summary may name the arm that its p-value compares it with; it is the arm's number
    all the same.
    """
    centre = "median" if row["center_type"] == "median" else "mean"
    against = row["comparator_arm_id"] if row["timepoint"] == "contrast" else ""
    keys = ("trial_id", "arm_id", "outcome", "scale", "timepoint")
    return (*(row[k] for k in keys), against, centre)


def _methods_apart(rows: list[dict]) -> list[dict]:
    """Rows whose printed methods must stay apart although curation spells them alike.

    One extractor who takes two different numbers for one fact from one page, under two printed
    methods (two doses of insulin in one clamp), read two facts. In that trial and outcome the
    printed method then takes the place of the canonical one.
    """
    seen = defaultdict(list)
    for row in rows:
        seen[(*_fact(row), row["week"], row["extractor"], row["source_url"])].append(row)
    apart = {
        (a["trial_id"], a["outcome"], a["scale"])
        for members in seen.values()
        for a, b in combinations(members, 2)
        if a["method"] == b["method"]
        and a["printed_method"] != b["printed_method"]
        and not values_agree(a, b)
    }
    return [
        {**r, "method": r["printed_method"]}
        if (r["trial_id"], r["outcome"], r["scale"]) in apart
        else r
        for r in rows
    ]


def _preference(row: dict) -> tuple:
    """Best row first; what is printed breaks ties, so that the order of rows cannot."""
    return (
        SOURCE.get(row["source_type"], 3),
        STATED.get(row["spread_kind"], 4),
        row["n"] is None,
        row["extractor"],
        bool(row["comparator_arm_id"]),
        row["as_reported"],
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
    cell = {k: v for k, v in lead.items() if k not in OF_ROWS}
    twins = [o for o in others if values_agree(lead, o)]
    for key in INHERITED:
        if cell[key] in (None, ""):
            cell[key] = next((o[key] for o in twins if o[key] not in (None, "")), cell[key])
    _inherit_p(cell, twins)
    printer = lead
    if cell["spread_kind"] == "none":
        printer = next((o for o in twins if o["spread_kind"] != "none"), lead)
        cell.update({k: printer[k] for k in ("spread_kind", "spread", "lower", "upper")})
    with_spread = [o for o in twins if o is not printer and o["spread"] is not None]
    cell["twin_spreads"] = tuple(
        {k: o[k] for k in ("row_id", "spread_kind", "spread")} for o in with_spread
    )
    same = [o for o in with_spread if o["spread"] == cell["spread"]]
    cell["spread_sources"] = _sources([printer, *same])
    cell["stated_elsewhere"] = tuple(
        o["row_id"]
        for o in same
        if o["spread_kind"] == "sd_or_se" and cell["spread_kind"] in ("sd", "se")
    )
    cell["cell_id"] = lead["row_id"]
    cell["source_rows"] = (lead["row_id"], *(o["row_id"] for o in twins))
    cell["sources"] = _sources([lead, *twins])
    return cell


def _inherit_p(cell: dict, twins: list[dict]) -> None:
    """A p-value comes with its scope and comparator, from one row."""
    if cell["p"] is None:
        donor = next((o for o in twins if o["p"] is not None), None)
        if donor:
            cell.update({k: donor[k] for k in ("p", "p_scope")})
            if cell["timepoint"] != "contrast":
                cell["comparator_arm_id"] = donor["comparator_arm_id"]
    elif not cell["comparator_arm_id"]:
        same = (o for o in twins if o["comparator_arm_id"] and _same_p(o, cell))
        cell["comparator_arm_id"] = next((o["comparator_arm_id"] for o in same), "")


def _same_p(a: dict, b: dict) -> bool:
    return bool(a["p"]) and (a["p"].op, a["p"].value) == (b["p"].op, b["p"].value)


def _sources(rows: list[dict]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(r["source_url"] for r in rows if r["source_url"]))


def values_agree(a: dict, b: dict) -> bool:
    """Whether two centres are the same number within the coarser one's printed rounding."""
    return abs(a["center"] - b["center"]) <= max(a["rounding"], b["rounding"]) * 1.0001


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
