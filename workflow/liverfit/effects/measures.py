"""From a difference to the three measures: MD, SMD and ROM."""

from __future__ import annotations

from dataclasses import dataclass

from liverfit.effects.routes import ROUTES, Difference
from liverfit.effects.sizes import hedges_correction

MEASURES = ("MD", "SMD", "ROM")


@dataclass(frozen=True)
class Measured:
    """One effect: estimate, variance, the arms' parts of it, and the route it came by."""

    measure: str
    yi: float
    vi: float
    v_arm: float
    v_comparator: float
    route: str
    standardiser: str
    difference: Difference


def best(options: list[Difference], end_week: float | None) -> dict[str, Measured]:
    """The best effect of each measure: nearest the programme's end first, then best route."""
    ranked = sorted(options, key=lambda d: _rank(d, end_week))
    out = {}
    for measure, make in (("MD", mean_difference), ("SMD", standardised), ("ROM", log_ratio)):
        made = [m for m in map(make, ranked) if m]
        if measure == "SMD":  # raw-score standardisers before changes, percent changes last
            made.sort(key=lambda m: m.standardiser == "percent_change_sd")
        if measure == "ROM":
            made.sort(key=lambda m: (_late(m.difference, end_week), ROUTES.index(m.route)))
        if made:
            out[measure] = made[0]
    return out


def _late(d: Difference, end_week: float | None) -> float:
    """Distance of the visit from the programme's end, in steps of a month."""
    if end_week is None or d.week is None:
        return 0.0
    return round(abs(d.week - end_week) / 4.0)


def _rank(d: Difference, end_week: float | None) -> tuple:
    return (
        d.variance is None,
        _late(d, end_week),
        ROUTES.index(d.route),
        not d.canonical,
        d.how == "p_within",
        d.rows,
    )


def mean_difference(d: Difference) -> Measured | None:
    """MD on the outcome's canonical scale only; other scales have no common unit."""
    if d.variance is None or not d.canonical:
        return None
    return Measured("MD", d.sign * d.value, d.variance, d.v_arm, d.v_comparator, d.route, "", d)


def standardised(d: Difference) -> Measured | None:
    """Hedges' g from any difference with a standard error and a standardiser.

    g = J(df) D / SD and var(g) = J² (SE_D² / SD² + (D/SD)² / (2 df)), df = n1 + n2 − 2 (n − 1 in
    a crossover). With raw post scores this is Hedges 1981's large-sample variance, with changes
    Becker 1988's form.
    """
    if d.variance is None or d.standardiser is None or not (d.n1 and d.n2):
        return None
    if d.scale in ("effect_size",):
        return None
    sd, name = d.standardiser
    df = d.df or d.n1 + d.n2 - 2
    if df < 2 or sd <= 0:
        return None
    j = float(hedges_correction(df))
    ratio = d.value / sd
    extra = ratio * ratio / (2 * df)
    return Measured(
        "SMD",
        d.sign * j * ratio,
        j * j * (d.variance / sd**2 + extra),
        j * j * (d.v_arm / sd**2 + extra / 2),
        j * j * (d.v_comparator / sd**2 + extra / 2),
        d.route,
        name,
        d,
    )


def log_ratio(d: Difference) -> Measured | None:
    """Log ratio of means (ROM), from whichever of the routes gives one."""
    if d.log_ratio is None:
        return None
    yi, va, vb, route = d.log_ratio
    return Measured("ROM", d.sign * yi, va + vb, va, vb, route, "", d)
