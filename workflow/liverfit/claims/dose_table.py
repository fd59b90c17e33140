"""The dose-response curves of all claims as one table a moderator."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

MODELS = {"meta_regression": "linear", "restricted_cubic_spline": "spline"}
COLUMNS = (
    "claim", "line", "outcome", "measure", "unit", "moderator", "shape", "value", "estimate", "se",
    "ci_lower", "ci_upper", "k", "r2", "r2_ci_lower", "r2_ci_upper", "nonlinearity_pvalue",
    "status", "status_reason",
)  # fmt: skip
OF_EXTRA = ("r2", "r2_ci_lower", "r2_ci_upper", "nonlinearity_pvalue")


def dose_claims(claims: Iterable[dict]) -> list[str]:
    """Ids of the entries of claims.yaml that ask for a spline, sorted."""
    return sorted(claim["id"] for claim in claims if dose_moderators([claim]))


def dose_moderators(claims: Iterable[dict]) -> list[str]:
    """Moderators on which some entry of claims.yaml asks for a spline, sorted."""
    return sorted(
        {
            line["moderator"]
            for claim in claims
            for line in claim["lines"]
            if line.get("model") == "restricted_cubic_spline"
        }
    )


def dose_lines(claims: list[dict], moderator: str) -> list[tuple[str, dict]]:
    """Claim and line of every line or spline on the moderator, of claims that ask for a spline."""
    out = []
    for claim in claims:
        lines = [x for x in claim["lines"] if x["moderator"] == moderator and _shape(x)]
        if any(_shape(x) == "spline" for x in lines):
            out += [(claim["claim"], x) for x in lines]
    return out


def dose_table(claims: list[dict], moderator: str) -> pd.DataFrame:
    """results/dose_response/{moderator}.csv: a row a point of a curve, with a pointwise interval.

    A line that could not be fitted has one row, with the reason.

    Parameters
    ----------
    claims : the claims' JSON
    moderator : one of `dose_moderators`
    """
    import pandas as pd

    rows = []
    for claim, line in dose_lines(claims, moderator):
        extra = line["extra"]
        fixed = {
            **{key: line[key] for key in ("outcome", "measure", "unit", "k", "status")},
            **{key: extra.get(key) for key in OF_EXTRA},
            "claim": claim,
            "line": line["name"],
            "moderator": moderator,
            "shape": _shape(line),
            "status_reason": line["status_reason"],
        }
        rows += [{**fixed, **point} for point in extra.get("curve", [{}])]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _shape(line: dict) -> str:
    return MODELS.get(line["specified_model"], "")
