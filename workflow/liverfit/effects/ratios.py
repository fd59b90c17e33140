"""Log ratios of means (ROM) from whatever parts a contrast is printed in."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from liverfit.effects.change import log_mean_change
from liverfit.effects.percent import percent_se_to_log_ratio_se, percent_to_log_ratio
from liverfit.effects.summaries import Summary

if TYPE_CHECKING:
    from liverfit.effects.routes import ArmCells, Difference

Z975 = 1.959963984540054


class Ratio(NamedTuple):
    """A log ratio of means, the parts of its variance from either arm, and its route."""

    yi: float
    v_arm: float
    v_comparator: float
    route: str


def of_pre_post(
    arm: tuple[Summary, Summary], comparator: tuple[Summary, Summary], r: float
) -> Ratio | None:
    """ln(post/baseline) of one arm minus that of the other (`log_mean_change`)."""
    parts = [log_change(pre, post, r) for pre, post in (arm, comparator)]
    return _minus(*parts, "pre_post") if all(parts) else None


def log_change(pre: Summary, post: Summary, r: float) -> tuple[float, float] | None:
    """ln(post/baseline) of one arm and its variance, None where a level is not above 0."""
    if pre.mean <= 0 or post.mean <= 0:
        return None
    n = min((x for x in (pre.n, post.n) if x), default=None)
    if pre.sd and post.sd and n:
        effect = log_mean_change(pre.mean, pre.sd, post.mean, post.sd, n, r)
        return effect.yi, effect.vi
    if pre.se and post.se:  # SE = SD/√n, so that any n will do
        root = math.sqrt(2)
        effect = log_mean_change(pre.mean, pre.se * root, post.mean, post.se * root, 2, r)
        return effect.yi, effect.vi
    return None


def of_changes(
    arm: tuple[Summary | None, Summary], comparator: tuple[Summary | None, Summary]
) -> Ratio | None:
    """ln((baseline + change)/baseline), the baseline taken as known (delta method)."""
    parts = [log_over_baseline(base, change) for base, change in (arm, comparator)]
    return _minus(*parts, "change_over_baseline") if all(parts) else None


def log_over_baseline(base: Summary | None, change: Summary) -> tuple[float, float] | None:
    """ln((baseline + change)/baseline) of one arm and its variance, the baseline as known."""
    if base is None or base.mean <= 0 or base.mean + change.mean <= 0:
        return None
    end = base.mean + change.mean
    return math.log(end / base.mean), (change.se / end) ** 2


def of_ends(a: Summary, b: Summary) -> Ratio | None:
    """ln of the ratio of two end values (Hedges, Gurevitch and Curtis 1999)."""
    if a.mean <= 0 or b.mean <= 0:
        return None
    return Ratio(math.log(a.mean / b.mean), (a.se / a.mean) ** 2, (b.se / b.mean) ** 2, "post_only")


def of_percent_changes(a: Summary, b: Summary) -> Ratio:
    """ln((100 + a)/(100 + b)) from percent changes of baseline, each SE over its ratio."""
    va, vb = (float(percent_se_to_log_ratio_se(s.mean, s.se)) ** 2 for s in (a, b))
    yi = float(percent_to_log_ratio(a.mean) - percent_to_log_ratio(b.mean))
    return Ratio(yi, va, vb, "relative_change")


def of_contrast(d: Difference, comparator: ArmCells) -> Ratio | None:
    """ln of (comparator's end value + difference) over comparator's end value.

    Each arm's part of the variance is taken over that arm's own end value (delta method); the
    baseline, which an adjusted contrast holds equal, adds nothing.
    """
    end = _end_value(comparator, d.week)
    if end is None or end <= 0 or end + d.value <= 0:
        return None
    level = end + d.value
    return Ratio(math.log(level / end), d.v_arm / level**2, d.v_comparator / end**2, d.route)


def _end_value(cells: ArmCells, week: float | None) -> float | None:
    """The comparator's end value at the contrast's visit: printed, else baseline plus change."""

    def distance(s: Summary) -> float:
        return 0.0 if week is None or s.week is None else abs(s.week - week)

    if cells.post:
        return min(cells.post, key=distance).mean
    if cells.baseline and cells.change:
        return cells.baseline.mean + min(cells.change, key=distance).mean
    return None


def printed_ratio(cell: dict, sign: int, share: float) -> Ratio | None:
    """A printed relative contrast; its interval is symmetrical on the log scale.

    `share` is the comparator's part of the variance.
    """
    ends = [cell["lower"], cell["upper"]]
    if cell["spread_kind"] != "ci95" or None in ends or min(*ends, cell["center"]) <= -100:
        return None
    low, high = (float(percent_to_log_ratio(x)) for x in ends)
    v = ((high - low) / (2 * Z975)) ** 2
    if v == 0:
        return None
    yi = sign * float(percent_to_log_ratio(cell["center"]))
    return Ratio(yi, v * (1 - share), v * share, "printed_contrast")


def _minus(a: tuple[float, float], b: tuple[float, float], route: str) -> Ratio:
    return Ratio(a[0] - b[0], a[1], b[1], route)
