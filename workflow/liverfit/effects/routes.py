"""All ways that lead from a pair's printed summaries to a difference, best first.

A route gives the difference between two arms on one scale at one visit, with the parts of its
variance that belong to either arm (what shared arms need), and what the standardised and relative
measures need beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from liverfit.effects.change import change_sd
from liverfit.effects.convert import pooled_sd, sd_from_difference_se, se_from_ci, se_from_p
from liverfit.effects.summaries import Summary, summary

ROUTES = (
    "printed_contrast",
    "change_scores",
    "pre_post",
    "post_only",
    "relative_change",
    "change_over_baseline",
    "printed_p",
)


@dataclass(frozen=True)
class Difference:
    """Experimental minus comparator arm on one scale, by one route.

    Attributes
    ----------
    value, variance : the difference and its sampling variance (None: no route to a variance)
    v_arm, v_comparator : the parts of the variance from either arm
    standardiser : SD for the standardised difference, and where it came from
    levels : end values (arm, comparator) for ratios, positive or None
    r : pre-post correlation, where one was imputed
    why : what is missing where `variance` is None
    """

    route: str
    scale: str
    canonical: bool
    sign: int
    value: float
    variance: float | None
    v_arm: float | None
    v_comparator: float | None
    n1: float | None
    n2: float | None
    week: float | None
    rows: tuple[str, ...]
    standardiser: tuple[float, str] | None = None
    log_ratio: tuple[float, float, float, str] | None = None
    r: float | None = None
    how: str = ""
    why: str = ""


class ArmCells:
    """The cells of one arm and outcome on one scale, by kind of visit."""

    def __init__(self, cells: list[dict], latest_week: float):
        visits = [c for c in cells if c["timepoint"] in ("baseline", "post", "change")]
        on_time = [c for c in visits if c["week"] is None or c["week"] <= latest_week]
        self.baseline = next((summary(c) for c in on_time if c["timepoint"] == "baseline"), None)
        self.post = [summary(c) for c in on_time if c["timepoint"] == "post"]
        self.change = [summary(c) for c in on_time if c["timepoint"] == "change"]


def differences(
    one: ArmCells, two: ArmCells, contrasts: list[tuple[dict, int]], scale: dict, r: float
) -> list[Difference]:
    """Every route open to a pair on one scale; those without a variance say why.

    Parameters
    ----------
    one, two : cells of the experimental arm and of the comparator
    contrasts : printed contrasts between them with +1, or -1 where printed the other way round
    scale : dict name, canonical, sign
    r : pre-post correlation to impute where change SDs are not printed
    """
    out = [_printed(c, sign, one, two, scale) for c, sign in contrasts]
    if scale["name"] == "percent_relative":
        out += [_relative(a, b, scale) for a, b in _same_visit(one.change, two.change)]
        return out
    changes = [_with_route(one, r), _with_route(two, r)]
    for (a, ra), (b, rb) in _same_visit(*changes, week=lambda x: x[0].week):
        out.append(_difference(max(ra, rb, key=ROUTES.index), a, b, one, two, scale, r))
    for a, b in _same_visit(one.post, two.post):
        out.append(_difference("post_only", a, b, one, two, scale, None))
    return [_with_log_ratio(d, one, two) for d in out]


def _with_route(cells: ArmCells, r: float) -> list[tuple[Summary, str]]:
    """Change summaries of an arm: printed, else post minus baseline with imputed correlation."""
    out = [(c, "change_scores") for c in cells.change]
    if cells.baseline:
        out += [(_change(cells.baseline, p, r), "pre_post") for p in cells.post]
    return out


def _change(pre: Summary, post: Summary, r: float) -> Summary:
    n = min((x for x in (pre.n, post.n) if x), default=None)
    rows = pre.rows + post.rows
    if pre.sd is None or post.sd is None or n is None:
        why = next((s.why for s in (post, pre) if s.why), "n_missing")
        return replace(post, mean=post.mean - pre.mean, se=None, sd=None, n=n, rows=rows, why=why)
    sd = float(change_sd(pre.sd, post.sd, r))
    return replace(
        post, mean=post.mean - pre.mean, sd=sd, se=sd / math.sqrt(n), n=n, rows=rows, why=""
    )


def _same_visit(first: list, second: list, week=lambda s: s.week) -> list[tuple]:
    """Pairs of summaries at one visit (weeks within two of each other, or one not printed)."""
    out = []
    for a in first:
        for b in second:
            if week(a) is None or week(b) is None or abs(week(a) - week(b)) <= 2:
                out.append((a, b))
    return out


def _difference(
    route: str, a: Summary, b: Summary, one: ArmCells, two: ArmCells, scale: dict, r: float | None
) -> Difference:
    usable = a.se is not None and b.se is not None and a.se > 0 and b.se > 0
    return Difference(
        route=route,
        scale=scale["name"],
        canonical=scale["canonical"],
        sign=scale["sign"],
        value=a.mean - b.mean,
        variance=a.se**2 + b.se**2 if usable else None,
        v_arm=a.se**2 if usable else None,
        v_comparator=b.se**2 if usable else None,
        n1=a.n,
        n2=b.n,
        week=a.week if a.week is not None else b.week,
        rows=a.rows + b.rows,
        standardiser=_standardiser(a, b, one, two, route),
        r=r if route == "pre_post" else None,
        how="+".join(sorted({a.how, b.how})),
        why="" if usable else a.why or b.why or "no_spread",
    )


def _standardiser(
    a: Summary, b: Summary, one: ArmCells, two: ArmCells, route: str
) -> tuple[float, str] | None:
    """SD of raw scores at baseline, else at the end, else of the change (flagged)."""
    options = [
        (one.baseline, two.baseline, "baseline_sd"),
        (_first(one.post), _first(two.post), "post_sd"),
        (a, b, "post_sd" if route == "post_only" else "change_sd"),
    ]
    if route == "post_only":
        options = options[2:]
    for x, y, name in options:
        if x and y and x.sd and y.sd and x.n and y.n and min(x.n, y.n) >= 2:
            return float(pooled_sd(x.sd, x.n, y.sd, y.n)), name
    return None


def _first(summaries: list[Summary]) -> Summary | None:
    return summaries[0] if summaries else None


def _printed(cell: dict, sign: int, one: ArmCells, two: ArmCells, scale: dict) -> Difference:
    n1, n2 = _group_n(cell, one, two)
    df = n1 + n2 - 2 if n1 and n2 else None
    route, how, why, se = "printed_contrast", cell["spread_kind"], "", None
    if cell["spread_kind"] == "ci95" and cell["lower"] is not None and cell["upper"] is not None:
        se = float(se_from_ci(cell["lower"], cell["upper"], df=df))
    elif cell["spread_kind"] == "se":
        se = cell["spread"]
    elif cell["p_op"] == "=" and cell["p_value"] and cell["p_value"] < 1 and cell["center"]:
        se, route, how = float(se_from_p(cell["center"], cell["p_value"], df=df)), "printed_p", "p"
    else:
        why = "no_spread"
    share = n1 / (n1 + n2) if n1 and n2 else 0.5  # 1/n2 over 1/n1 + 1/n2
    variance = se**2 if se else None
    standardiser = None
    if n1 and n2:
        a, b = one.baseline, two.baseline
        if a and b and a.sd and b.sd and a.n and b.n:
            standardiser = (float(pooled_sd(a.sd, a.n, b.sd, b.n)), "baseline_sd")
        elif se:
            standardiser = (float(sd_from_difference_se(se, n1, n2)), "change_sd")
    out = Difference(
        route=route,
        scale=scale["name"],
        canonical=scale["canonical"],
        sign=scale["sign"],
        value=sign * cell["center"],
        variance=variance,
        v_arm=variance * (1 - share) if variance else None,
        v_comparator=variance * share if variance else None,
        n1=n1,
        n2=n2,
        week=cell["week"],
        rows=tuple(filter(None, cell["source_rows"].split(";"))),
        standardiser=standardiser,
        how=how,
        why=why,
    )
    if scale["name"] == "percent_relative":
        return replace(out, log_ratio=_printed_ratio(cell, sign))
    return out


def _printed_ratio(cell: dict, sign: int) -> tuple[float, float, float, str] | None:
    """A printed relative contrast as log ratio; its interval is symmetrical on the log scale."""
    ends = [cell["lower"], cell["upper"]]
    if cell["spread_kind"] != "ci95" or None in ends or min(*ends, cell["center"]) <= -100:
        return None
    low, high = (math.log1p(x / 100) for x in ends)
    se = (high - low) / (2 * 1.959963984540054)
    return sign * math.log1p(cell["center"] / 100), se**2 / 2, se**2 / 2, "printed_contrast"


def _group_n(cell: dict, one: ArmCells, two: ArmCells) -> tuple[float | None, float | None]:
    return cell.get("n_arm"), cell.get("n_comparator")


def _relative(a: Summary, b: Summary, scale: dict) -> Difference:
    """Percent changes of both arms: ln((100 + a) / (100 + b)), each SE over its ratio."""
    usable = bool(a.se and b.se) and a.mean > -100 and b.mean > -100
    ratio = None
    if usable:
        va, vb = (a.se / (100 + a.mean)) ** 2, (b.se / (100 + b.mean)) ** 2
        ratio = (math.log((100 + a.mean) / (100 + b.mean)), va, vb, "relative_change")
    sd = None
    if usable and a.sd and b.sd and a.n and b.n:
        sd = (float(pooled_sd(a.sd, a.n, b.sd, b.n)), "percent_change_sd")
    return Difference(
        route="relative_change",
        scale=scale["name"],
        canonical=False,
        sign=scale["sign"],
        value=a.mean - b.mean,
        variance=a.se**2 + b.se**2 if usable else None,
        v_arm=a.se**2 if usable else None,
        v_comparator=b.se**2 if usable else None,
        n1=a.n,
        n2=b.n,
        week=a.week if a.week is not None else b.week,
        rows=a.rows + b.rows,
        standardiser=sd,
        log_ratio=ratio,
        how="+".join(sorted({a.how, b.how})),
        why="" if usable else a.why or b.why or "no_spread",
    )


def _with_log_ratio(d: Difference, one: ArmCells, two: ArmCells) -> Difference:
    """Add the log ratio of end to baseline values that this route supports."""
    if d.variance is None:
        return d
    ratio = None
    base = [one.baseline, two.baseline]
    positive = all(b and b.mean > 0 for b in base)
    if d.route == "printed_contrast":
        ratio = _contrast_over_control(d, two)
    elif d.route == "pre_post" and positive:
        parts = [_log_change(c, d.r) for c in (one, two)]
        if all(parts):
            ratio = (parts[0][0] - parts[1][0], parts[0][1], parts[1][1], "pre_post")
    elif d.route == "change_scores" and positive:
        parts = [_log_over_baseline(c, v) for c, v in ((one, d.v_arm), (two, d.v_comparator))]
        if all(parts):
            ratio = (parts[0][0] - parts[1][0], parts[0][1], parts[1][1], "change_over_baseline")
    elif d.route == "post_only" and one.post and two.post:
        a, b = one.post[0], two.post[0]
        if a.mean > 0 and b.mean > 0:
            va, vb = (a.se / a.mean) ** 2, (b.se / b.mean) ** 2
            ratio = (math.log(a.mean / b.mean), va, vb, "post_only")
    return replace(d, log_ratio=ratio) if ratio else d


def _log_change(cells: ArmCells, r: float) -> tuple[float, float] | None:
    pre, post = cells.baseline, _first(cells.post)
    if not post or post.mean <= 0 or not (pre.sd and post.sd and pre.n and post.n):
        return None
    n = min(pre.n, post.n)
    a, b = pre.sd / pre.mean, post.sd / post.mean
    return math.log(post.mean / pre.mean), (a * a + b * b - 2 * r * a * b) / n


def _log_over_baseline(cells: ArmCells, variance: float) -> tuple[float, float] | None:
    change = next((c for c in cells.change if c.se and math.isclose(c.se**2, variance)), None)
    if change is None or cells.baseline.mean + change.mean <= 0:
        return None
    end = cells.baseline.mean + change.mean
    return math.log(end / cells.baseline.mean), variance / end**2


def _contrast_over_control(d: Difference, two: ArmCells) -> tuple | None:
    """ln of (control's end value + difference) over control's end value."""
    end = _first(two.post)
    if end is None and two.baseline and two.change:
        end = replace(two.baseline, mean=two.baseline.mean + two.change[0].mean)
    if end is None or end.mean <= 0 or end.mean + d.value <= 0:
        return None
    level = end.mean + d.value
    log = math.log(level / end.mean)
    return log, d.v_arm / level**2, d.v_comparator / level**2, "printed_contrast"
