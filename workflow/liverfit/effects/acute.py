"""Visits after a single bout of exercise: how long after, and which one stands for the bout."""

from __future__ import annotations

import re
from collections import defaultdict

_NUMBER = r"(\d+(?:\.\d+)?)"
_AFTER = r"(?:after|post)"
_HOURS = re.compile(rf"{_NUMBER}\s*(h(?:ours?|rs?)?|min(?:utes?)?)\b[\s,-]*{_AFTER}\b", re.I)
_NOW = re.compile(rf"\bimmediately\s+{_AFTER}\b|\bend of (?:the )?(?:bout|exercise|race)\b", re.I)
OTHER_VISIT = "other_visit_of_the_bout"


def hours_after(text: str) -> float | None:
    """Hours after the end of the bout, where the printed words say one time plainly.

    >>> hours_after("2.4 pg/mL 90 min after exercise"), hours_after("immediately post"), (
    ...     hours_after("P<=0.053 at 4 and 7 h"))
    (1.5, 0.0, None)
    """
    times = {float(n) / (60 if unit.lower().startswith("m") else 1)
             for n, unit in _HOURS.findall(text)}  # fmt: skip
    if _NOW.search(text):
        times.add(0.0)
    return times.pop() if len(times) == 1 else None


def words_of(cell: dict) -> str:
    """The printed words that may tell the visit."""
    return f"{cell.get('visit', cell['method'])} {cell['as_reported']}"


def window(hours: float | None) -> str:
    """Window after the bout: immediately (below 1 h), 1-3 h, later, or not known."""
    if hours is None:
        return "unknown"
    if hours < 1:
        return "immediately"
    return "1-3 h" if hours <= 3 else "later"


def one_visit_a_bout(
    cells: list[dict], acute: set[tuple[str, str]], rule: str
) -> tuple[list[dict], list[dict]]:
    """Cells with one visit after each bout, and the fates of the other visits.

    A visit after a bout is the effect, not a follow-up: a level becomes `post` where the arm prints
    a baseline on that scale, a percent change becomes `change`; a level without a baseline stays a
    follow-up, since it may be either. Of several visits `nearest` takes the one nearest to the end
    of the bout by the hours printed. Where no hours are printed it takes the smallest change, so
    that the choice cannot favour a claim that something rises. `peak` takes the largest change,
    which is biased away from none.

    Parameters
    ----------
    cells : harmonised measurements of all trials
    acute : (trial, arm) of every single bout
    rule : nearest or peak
    """
    baseline = {}
    for c in cells:
        if c["timepoint"] == "baseline":
            baseline[_series(c)] = c
    out, visits = [], defaultdict(list)
    for c in cells:
        if (c["trial_id"], c["arm_id"]) not in acute or c["timepoint"] != "followup":
            out.append(c)
            continue
        if c["center_type"] == "percent_change":
            visits[_series(c)].append({**c, "timepoint": "change"})
        elif _series(c) in baseline:
            visits[_series(c)].append(
                {
                    **c,
                    "timepoint": "post",
                    "method": baseline[_series(c)]["method"],
                    "visit": c["method"],
                }
            )
        else:
            out.append(c)
    fates = []
    for series, several in visits.items():
        base = 0.0 if several[0]["timepoint"] == "change" else baseline[series]["center"]
        chosen = min(several, key=lambda c: _rank(c, base, rule))
        out.append(chosen)
        fates += [
            {
                "row_id": c["measurement_id"],
                "status": "superseded",
                "reason": OTHER_VISIT,
                "superseded_by": chosen["measurement_id"],
            }
            for c in several
            if c is not chosen
        ]
    return out, fates


def _series(c: dict) -> tuple:
    """What is measured on whom; not by `method`, which may name the visit (`plasma, 80 km`)."""
    return c["trial_id"], c["arm_id"], c["outcome"], c["scale"]


def _rank(c: dict, base: float, rule: str) -> tuple:
    change = abs(c["center"] - base)
    if rule == "peak":
        return (-change, c["measurement_id"])
    hours = hours_after(words_of(c))
    return (hours is None, hours or 0.0, change, c["measurement_id"])
