"""One printed arm summary as mean, standard error, SD and n, whatever spread was printed."""

from __future__ import annotations

from dataclasses import dataclass

from liverfit.effects.convert import sd_from_se, se_from_ci, se_from_p, se_from_sd
from liverfit.effects.quantiles import mean_sd_from_quantiles

# t is near zero for a larger p, so that its rounding alone moves the standard error by half
LARGEST_P = 0.9


@dataclass(frozen=True)
class Summary:
    """A mean with its uncertainty: one arm, one outcome, one visit (or change), one scale.

    `se` and `sd` are None where nothing printed leads to them; `why` then says what is missing.
    `p_between` is an exact p-value printed with a mean change for the comparison of arms,
    `p_against` the arm it names as the other one ("" where it names none).
    """

    mean: float
    se: float | None
    sd: float | None
    n: float | None
    week: float | None
    how: str
    rows: tuple[str, ...]
    why: str = ""
    adjusted: bool = False
    p_between: float | None = None
    p_against: str = ""


def summary(cell: dict) -> Summary:
    """Convert a harmonised measurement; sources: Cochrane Handbook 6.5.2, Wan 2014, Luo 2018."""
    kind, n = cell["spread_kind"], cell["n"]
    mean, sd, se, how, why = cell["center"], None, None, kind, ""
    big_enough = n is not None and n >= 2
    if kind == "sd":
        sd = cell["spread"]
        se = float(se_from_sd(sd, n)) if big_enough else None
        why = "" if big_enough else "n_missing"
    elif kind == "se":
        se = cell["spread"]
        sd = float(sd_from_se(se, n)) if big_enough else None
    elif kind == "ci95" and cell["lower"] is not None and cell["upper"] is not None:
        se = float(se_from_ci(cell["lower"], cell["upper"], df=n - 1 if big_enough else None))
        sd = float(sd_from_se(se, n)) if big_enough else None
    elif kind in ("iqr", "range") and cell["lower"] is not None and cell["upper"] is not None:
        if big_enough and n >= 5 and cell["lower"] <= mean <= cell["upper"]:
            ends = ("q1", "q3") if kind == "iqr" else ("minimum", "maximum")
            bounds = dict(zip(ends, (cell["lower"], cell["upper"]), strict=True))
            estimate = mean_sd_from_quantiles(mean, n, **bounds)
            mean, sd = float(estimate.mean), float(estimate.sd)
            se = float(se_from_sd(sd, n)) if sd > 0 else None
        else:
            why = "n_missing" if not big_enough else "quantiles_unusable"
    elif _exact_p(cell, "within") and big_enough and mean:
        se = float(se_from_p(mean, cell["p_value"], df=n - 1))
        sd, how = float(sd_from_se(se, n)), "p_within"
    else:
        why = "spread_unresolved" if kind == "unresolved" else "no_spread"
    return Summary(
        mean=mean,
        se=se,
        sd=sd,
        n=n,
        week=cell["week"],
        how=how,
        rows=tuple(filter(None, cell["source_rows"].split(";"))),
        why=why,
        adjusted=cell["center_type"] == "adjusted_mean",
        p_between=cell["p_value"] if _is_mean(cell) and _exact_p(cell, "between") else None,
        p_against=cell["comparator_arm_id"],
    )


def _is_mean(cell: dict) -> bool:
    return cell["center_type"] in ("mean", "adjusted_mean")


def _exact_p(cell: dict, scope: str) -> bool:
    return (
        cell["timepoint"] == "change"
        and cell["p_scope"] == scope
        and cell["p_op"] == "="
        and cell["p_value"] is not None
        and 0 < cell["p_value"] <= LARGEST_P
    )
