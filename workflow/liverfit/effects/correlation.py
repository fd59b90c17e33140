"""Pre-post correlations that the trials themselves let one compute."""

from __future__ import annotations

import math
from collections import defaultdict
from statistics import median

from liverfit.effects.change import correlation_from_sds
from liverfit.effects.summaries import summary

SAME_VISIT_WEEKS = 2.0


def printed_correlations(cells: list[dict]) -> list[dict]:
    """r of every arm that prints SDs of baseline, post and change on one scale.

    r = (SD_pre² + SD_post² − SD_change²) / (2 SD_pre SD_post) (Cochrane Handbook 6.5.2.8); values
    outside [-1, 1] show inconsistent spreads and are kept with `usable` false.
    """
    groups = defaultdict(dict)
    for c in cells:
        if c["timepoint"] in ("baseline", "post", "change") and c["center_type"] != "median":
            key = (c["trial_id"], c["arm_id"], c["outcome"], c["scale"])
            groups[key].setdefault(c["timepoint"], c)
    out = []
    for (trial, arm, outcome, scale), found in groups.items():
        if len(found) < 3 or scale == "percent_relative":
            continue
        s = {k: summary(c) for k, c in found.items()}
        post, change = s["post"], s["change"]
        if None in (s["baseline"].sd, post.sd, change.sd):
            continue
        if post.week and change.week and abs(post.week - change.week) > SAME_VISIT_WEEKS:
            continue
        if change.how == "p_within" or not _consistent(s):
            continue
        pre, after, diff = s["baseline"].sd, post.sd, change.sd
        try:
            r, usable = float(correlation_from_sds(pre, after, diff)), True
        except ValueError:
            r, usable = (pre**2 + after**2 - diff**2) / (2 * pre * after), False
        rows = s["baseline"].rows[:1] + post.rows[:1] + change.rows[:1]
        out.append(
            {
                "trial_id": trial,
                "arm_id": arm,
                "outcome": outcome,
                "scale": scale,
                "n": s["baseline"].n,
                "r": r,
                "usable": usable,
                "source_rows": ";".join(rows),
            }
        )
    return out


def _consistent(s: dict) -> bool:
    """Whether the printed change is the printed post minus baseline, within 10 % of the SD."""
    gap = abs(s["change"].mean - (s["post"].mean - s["baseline"].mean))
    return gap <= max(0.1 * s["baseline"].sd, 1e-9)


class Correlations:
    """The correlation to impute: the outcome's median where enough arms tell, else the default."""

    def __init__(self, found: list[dict], default: float, minimum_arms: int, level_r_bounds):
        low, high = level_r_bounds
        by_outcome = defaultdict(list)
        for f in found:
            if f["usable"]:
                by_outcome[f["outcome"]].append(min(max(f["r"], low), high))
        self.default = default
        self.median = {
            o: math.tanh(median([math.atanh(r) for r in rs]))
            for o, rs in by_outcome.items()
            if len(rs) >= minimum_arms
        }

    def __getitem__(self, outcome: str) -> float:
        return self.median.get(outcome, self.default)
