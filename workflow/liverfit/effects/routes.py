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
from liverfit.effects.ratios import (
    Ratio,
    of_changes,
    of_contrast,
    of_ends,
    of_percent_changes,
    of_pre_post,
    printed_ratio,
)
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
    log_ratio : the same contrast as log ratio of means, where its parts allow
    df : degrees of freedom of the standardiser, where they are not n1 + n2 − 2
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
    log_ratio: Ratio | None = None
    df: float | None = None
    r: float | None = None
    how: str = ""
    why: str = ""


class ArmCells:
    """The cells of one arm and outcome on one scale, by kind of visit."""

    def __init__(self, arm_id: str, cells: list[dict], latest_week: float):
        self.arm_id = arm_id
        visits = [c for c in cells if c["timepoint"] in ("baseline", "post", "change")]
        on_time = [c for c in visits if c["week"] is None or c["week"] <= latest_week]
        self.baseline = next((summary(c) for c in on_time if c["timepoint"] == "baseline"), None)
        self.post = [summary(c) for c in on_time if c["timepoint"] == "post"]
        self.change = [summary(c) for c in on_time if c["timepoint"] == "change"]


@dataclass(frozen=True)
class ArmChange:
    """The change of one arm and what it was made of."""

    change: Summary
    route: str
    post: Summary | None = None


def differences(
    one: ArmCells,
    two: ArmCells,
    contrasts: list[tuple[dict, int]],
    scale: dict,
    r: float,
    crossover: bool = False,
    two_arms: bool = False,
) -> list[Difference]:
    """Every route open to a pair on one scale; those without a variance say why.

    Parameters
    ----------
    one, two : cells of the experimental arm and of the comparator
    contrasts : printed contrasts between them with +1, or -1 where printed the other way round
    scale : dict name, canonical, sign
    r : pre-post correlation to impute where change SDs are not printed
    crossover : both arms are the same people, so that a printed contrast is a paired one
    two_arms : the trial has no other arm, so that a p-value between arms is theirs
    """
    out = [_printed(c, sign, one, two, scale, r if crossover else None) for c, sign in contrasts]
    if scale["name"] == "percent_relative":
        out += [_relative(a, b, scale) for a, b in _same_visit(one.change, two.change)]
        return out
    for a, b in _same_visit(sides(one, r), sides(two, r), week=lambda s: s.change.week):
        made = _difference_of_changes(a, b, one, two, scale, r)
        out.append(made)
        printed = a.route == b.route == "change_scores" and made.variance is None
        if printed and (p := _p_between(a.change, b.change, one, two, two_arms)):
            out.append(_by_p(made, p, two))
    for a, b in _same_visit(one.post, two.post):
        made = _difference("post_only", a, b, one, two, scale, None)
        out.append(replace(made, log_ratio=of_ends(a, b)) if made.variance else made)
    return out


def sides(cells: ArmCells, r: float) -> list[ArmChange]:
    """Change summaries of an arm: printed, and post minus baseline with imputed correlation."""
    out = [ArmChange(c, "change_scores") for c in cells.change]
    if cells.baseline:
        out += [ArmChange(_change(cells.baseline, p, r), "pre_post", p) for p in cells.post]
    return out


def _difference_of_changes(
    a: ArmChange, b: ArmChange, one: ArmCells, two: ArmCells, scale: dict, r: float
) -> Difference:
    route = max(a.route, b.route, key=ROUTES.index)
    made = _difference(route, a.change, b.change, one, two, scale, r)
    if made.variance is None:
        return made
    ratio = None
    if a.post and b.post:
        ratio = of_pre_post((one.baseline, a.post), (two.baseline, b.post), r)
    elif not a.post and not b.post:
        ratio = of_changes((one.baseline, a.change), (two.baseline, b.change))
    return replace(made, log_ratio=ratio)


def _p_between(
    a: Summary, b: Summary, one: ArmCells, two: ArmCells, two_arms: bool
) -> float | None:
    """The exact p-value printed for these two arms' changes, if there is just one."""
    named = ((a, two.arm_id), (b, one.arm_id))
    found = {
        s.p_between
        for s, other in named
        if s.p_between and (s.p_against == other or (two_arms and not s.p_against))
    }
    return found.pop() if len(found) == 1 else None


def _by_p(d: Difference, p: float, two: ArmCells) -> Difference:
    """Standard error from the p-value of a t test between arms (Cochrane Handbook 6.5.2.3)."""
    if not d.value:
        return d
    both = d.n1 and d.n2
    se = float(se_from_p(d.value, p, df=d.n1 + d.n2 - 2 if both else None))
    share = d.n1 / (d.n1 + d.n2) if both else 0.5
    standardiser = d.standardiser
    if standardiser is None and both:
        standardiser = (float(sd_from_difference_se(se, d.n1, d.n2)), "change_sd")
    made = replace(
        d,
        route="printed_p",
        variance=se**2,
        v_arm=se**2 * (1 - share),
        v_comparator=se**2 * share,
        standardiser=standardiser,
        how="p",
        why="",
    )
    return replace(made, log_ratio=of_contrast(made, two))


def _change(pre: Summary, post: Summary, r: float) -> Summary:
    """Post minus baseline; without n the printed standard errors stand for the SDs over √n."""
    n = min((x for x in (pre.n, post.n) if x), default=None)
    made = replace(post, mean=post.mean - pre.mean, n=n, rows=pre.rows + post.rows, sd=None)
    if pre.sd and post.sd and n:
        sd = float(change_sd(pre.sd, post.sd, r))
        return replace(made, sd=sd, se=sd / math.sqrt(n), why="")
    if pre.se and post.se:
        return replace(made, se=float(change_sd(pre.se, post.se, r)), why="")
    return replace(made, se=None, why=next((s.why for s in (post, pre) if s.why), "n_missing"))


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


def _printed(
    cell: dict, sign: int, one: ArmCells, two: ArmCells, scale: dict, paired_r: float | None
) -> Difference:
    """A contrast as printed; `paired_r` is the correlation of a crossover's two periods."""
    n1, n2 = cell.get("n_arm"), cell.get("n_comparator")
    df = n1 + n2 - 2 if n1 and n2 else None
    if paired_r is not None:
        n1 = n2 = cell["n"] or n1
        df = n1 - 1 if n1 else None
    se, route, how = _printed_se(cell, df)
    share = n1 / (n1 + n2) if n1 and n2 else 0.5  # 1/n2 over 1/n1 + 1/n2
    value, ratio = sign * cell["center"], None
    if scale["name"] == "percent_relative" and (ratio := printed_ratio(cell, sign, share)):
        value, se = ratio.yi, math.sqrt(ratio.v_arm + ratio.v_comparator)
    variance = se**2 if se else None
    out = Difference(
        route=route,
        scale=scale["name"],
        canonical=scale["canonical"],
        sign=scale["sign"],
        value=value,
        variance=variance,
        v_arm=variance * (1 - share) if variance else None,
        v_comparator=variance * share if variance else None,
        n1=n1,
        n2=n2,
        week=cell["week"],
        rows=tuple(filter(None, cell["source_rows"].split(";"))),
        standardiser=_contrast_standardiser(se, n1, n2, one, two, scale, paired_r),
        log_ratio=ratio,
        df=df,
        how=how,
        why="" if se else "no_spread",
    )
    if variance and scale["name"] != "percent_relative":
        return replace(out, log_ratio=of_contrast(out, two))
    return out


def _printed_se(cell: dict, df: float | None) -> tuple[float | None, str, str]:
    """Standard error of a printed contrast, its route, and what it was read from."""
    kind = cell["spread_kind"]
    if kind == "ci95" and cell["lower"] is not None and cell["upper"] is not None:
        return float(se_from_ci(cell["lower"], cell["upper"], df=df)), "printed_contrast", kind
    if kind == "se":
        return cell["spread"], "printed_contrast", kind
    exact = cell["p_op"] == "=" and cell["p_value"] and cell["p_value"] < 1
    if exact and cell["center"] and cell["p_scope"] == "between":
        return float(se_from_p(cell["center"], cell["p_value"], df=df)), "printed_p", "p"
    return None, "printed_contrast", kind


def _contrast_standardiser(
    se: float | None,
    n1: float | None,
    n2: float | None,
    one: ArmCells,
    two: ArmCells,
    scale: dict,
    paired_r: float | None,
) -> tuple[float, str] | None:
    """Baseline SD where both arms print one, else the SD that the standard error implies.

    In a crossover the SE is that of within-person differences: SD = SE √n / √(2 (1 − r))
    (Cochrane Handbook 23.2.7.2).
    """
    if not (n1 and n2):
        return None
    a, b = one.baseline, two.baseline
    if a and b and a.sd and b.sd and a.n and b.n:
        return float(pooled_sd(a.sd, a.n, b.sd, b.n)), "baseline_sd"
    if not se:
        return None
    if paired_r is not None:
        return se * math.sqrt(n1) / math.sqrt(2 * (1 - paired_r)), "period_sd"
    name = "percent_change_sd" if scale["name"] == "percent_relative" else "change_sd"
    return float(sd_from_difference_se(se, n1, n2)), name


def _relative(a: Summary, b: Summary, scale: dict) -> Difference:
    """Difference of the percent changes of both arms, and their log ratio."""
    usable = bool(a.se and b.se) and a.mean > -100 and b.mean > -100
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
        log_ratio=of_percent_changes(a, b) if usable else None,
        how="+".join(sorted({a.how, b.how})),
        why="" if usable else a.why or b.why or "no_spread",
    )
