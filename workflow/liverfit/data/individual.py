"""Individual participant data: from a participant at a visit to the summaries of an arm.

Rows of participants stay in the raw folder. What leaves this module for results/ are n, mean and SD
of an arm at each visit and of its change from baseline, both over participants who have the number.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field

from .canonical import Outcomes, UnknownUnit
from .findings import Findings, shown
from .mapping import Made
from .parse import ParseError, parse_number
from .schema import MEASUREMENTS
from .table import RawTable

FEWEST = 3  # fewer participants' mean would come close to showing one of them
_GROUP = ("trial_id", "arm_id", "outcome", "method", "unit")
_VISIT = ("timepoint", "week")


@dataclass(slots=True)
class Summaries:
    """What participants' rows give.

    Attributes
    ----------
    table : the measurements: one row an arm, outcome and visit, or change from baseline
    lines_of : the raw lines behind each of its rows
    values : one dict a participant, outcome and visit: trial_id, arm_id, outcome, method, unit,
        timepoint, week, participant, value; never written to a file
    """

    table: RawTable
    lines_of: list[list[int]] = field(default_factory=list)
    values: list[dict] = field(default_factory=list)


def summarise(made: Made, found: Findings) -> Summaries:
    """Summaries of every arm; two values of a participant at a visit, or a lone one, are findings.

    The change is that of participants with both numbers, its SD that of their differences.
    """
    out = Summaries(RawTable(list(MEASUREMENTS.names), present=set(MEASUREMENTS.names)))
    groups: dict[tuple, dict[tuple, dict[str, tuple[int, float]]]] = defaultdict(dict)
    first: dict[tuple, dict[str, str]] = {}
    rows = zip(made.table.lines, made.table.rows, made.participants, strict=True)
    for line, cells, who in rows:
        row = dict(zip(MEASUREMENTS.names, cells, strict=True))
        if not who:
            remedy = "fill it, or delete the row"
            found.add(line, "participant", "the row names no participant", "a name", remedy)
            continue
        try:
            value = parse_number(row["center"])
        except ParseError:
            continue  # told by the check of cells
        group = tuple(row[name] for name in _GROUP)
        visit = tuple(row[name] for name in _VISIT)
        people = groups[group].setdefault(visit, {})
        if who in people:
            what = f"a second {row['outcome']} of participant {shown(who)} at {' '.join(visit)}"
            remedy = f"delete it, or the one of line {people[who][0]}, or name another visit"
            found.add(line, "participant", what, "one value a participant and visit", remedy)
            continue
        people[who] = (line, value)
        first.setdefault((*group, *visit), row)
        out.values.append(
            {**{n: row[n] for n in (*_GROUP, *_VISIT)}, "participant": who, "value": value}
        )
    for group, visits in groups.items():
        _summarise_group(group, visits, first, out, found)
    return out


def _summarise_group(
    group: tuple, visits: dict, first: dict, out: Summaries, found: Findings
) -> None:
    bases = [visit for visit in visits if visit[0] == "baseline"]
    for visit, people in visits.items():
        template = first[(*group, *visit)]
        _add(template, {}, [*people.values()], out, found)
        if visit[0] not in ("post", "followup") or not bases:
            continue
        base = visits[bases[0]]
        pairs = [
            (line, value - base[who][1]) for who, (line, value) in people.items() if who in base
        ]
        lines = [base[who][0] for who in people if who in base]
        # A follow-up is no effect of the programme, and its change would read as one.
        if pairs and visit[0] == "post":
            _add(template, {"timepoint": "change"}, pairs, out, found, lines)


def _add(
    template: dict[str, str],
    changed: dict[str, str],
    people: list[tuple[int, float]],
    out: Summaries,
    found: Findings,
    more_lines: list[int] | None = None,
) -> None:
    lines = sorted({line for line, _ in people} | set(more_lines or []))
    row = {**template, **changed}
    n = len(people)
    if n < FEWEST:
        where = f"{row['outcome']} of arm {row['arm_id']} ({row['timepoint']})"
        what = f"{n} participants with {where}"
        remedy = "no summary is made: it would come close to showing a participant"
        found.warn(lines[0], "participant", what, f"at least {FEWEST}", remedy)
        return
    mean = math.fsum(value for _, value in people) / n
    sd = math.sqrt(math.fsum((value - mean) ** 2 for _, value in people) / (n - 1))
    row |= {"n": str(n), "center": repr(mean), "notes": f"computed from {n} participants"}
    row |= {"spread_type": "sd", "spread": repr(sd)} if sd > 0 else {"spread_type": "none"}
    out.table.rows.append([row[name] for name in MEASUREMENTS.names])
    out.table.lines.append(lines[0])
    out.lines_of.append(lines)


People = dict[tuple[str, str], dict[str, list[dict[str, tuple[float, float]]]]]


def people_by_arm(values: list[dict], outcomes: dict) -> People:
    """Baseline and end of every participant, for models that take people rather than summaries.

    Parameters
    ----------
    values : participants' values, `Dataset.participants`
    outcomes : contents of config/outcomes.yaml

    Returns
    -------
    dict
        (trial, arm) -> outcome -> a dict a post visit: participant -> (baseline, end), both on the
        canonical scale. Outcomes that are not analysed or not on that scale are left out.
    """
    known = Outcomes(outcomes["outcomes"])
    levels: dict[tuple, dict[tuple, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for v in values:
        outcome = known.name(v["outcome"])
        if outcome is None:
            continue
        try:
            scale = known.scale(outcome, known.unit(outcome, v["unit"], v["method"]), v["method"])
        except UnknownUnit:
            continue  # harmonisation has told it
        if scale.canonical:
            visit = (v["timepoint"], v["week"])
            key = (v["trial_id"], v["arm_id"], outcome, v["method"])
            levels[key][visit][v["participant"]] = scale.level(v["value"])
    out: People = {}
    for (trial, arm, outcome, _), visits in levels.items():
        base = next((people for visit, people in visits.items() if visit[0] == "baseline"), {})
        for visit, people in visits.items():
            if visit[0] == "post":
                pairs = {who: (base[who], end) for who, end in people.items() if who in base}
                out.setdefault((trial, arm), {}).setdefault(outcome, []).append(pairs)
    return out
