"""The multiverse of a claim as its page shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverfit.plots.scales import number
from liverfit.plots.specification_curve import WORDS, options_table
from liverfit.report.explorer import words
from liverfit.report.explorer.words import ratio_aware

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = ("estimate", "ci_lower", "ci_upper")
# Choices in the labels of the curve, where there is room for a word.
SHORT = {
    "correlation": "r",
    "unresolved_spread": "“±”",
    "dependence": "Same trial",
    "leave_out": "Left out",
    "estimator": "τ²",
    "risk_of_bias": "Bias",
    "randomisation": "Design",
}


def multiverse(claim: dict, curve: pd.DataFrame) -> dict | None:
    """The specification curve by measure, the share that agrees by option, and what explains it."""
    found = claim["multiverse"]
    if not found or not found["n_feasible"]:
        return None
    line = next(line for line in claim["lines"] if line["name"] == found["line"])
    table = options_table(found)
    parts = found["variance"].get("estimate", {}).get("choices") or {}
    moving = [
        {"choice": choice_word(name), "share": share}
        for name, share in sorted(parts.items(), key=lambda item: -(item[1] or 0.0))
        if share is not None
    ]
    return {
        "found": found,
        "reasons": sorted(found["infeasible"].items(), key=lambda item: -item[1]),
        "measures": [
            _curve(line, measure, part) for measure, part in curve.groupby("measure", sort=False)
        ],
        "moving": moving,
        "r2": (found["variance"].get("estimate") or {}).get("r2"),
        "options": [
            {
                "choice": choice_word(row["choice"]),
                "option": words.plain(row["option"]),
                "count": row["n_feasible"],
                "share": number(row["share_agrees"]),
            }
            for row in table.to_dict("records")
        ],
    }  # fmt: skip


def choice_word(name: str) -> str:
    """Words for a choice of the multiverse."""
    return WORDS.get(name, words.capital(words.plain(name)))


def _curve(line: dict, measure: str, part: pd.DataFrame) -> dict:
    """Bins of one measure, as columns: the page makes rows of them."""
    scale = ratio_aware({**line, "measure": measure})
    if measure != line["measure"]:  # unit and margin belong to the line's own measure
        scale = ratio_aware({**line, "measure": measure, "unit": "", "margin": None})
    digits = scale.decimals([(part["ci_lower"].median(), part["ci_upper"].median())])
    names = [name for name in part.columns if "=" in name and part[name].max() > 0]
    return {
        "measure": measure,
        "chart": "specification_curve_ratio" if scale.is_ratio else "specification_curve",
        "title": f"{scale.outcome}, {scale.shown_unit}",
        "values": {"@null": scale.null},
        "bins": [
            {
                **{name: float(f"{row[name]:.5g}") for name in NUMBERS},
                "agrees": round(row["agrees"], 3),
                "text": words.estimate_text(scale, *(row[name] for name in NUMBERS), digits),
            }
            for row in part.to_dict("records")
        ],
        "options": [
            {
                "option": option_word(name),
                "shares": [round(100 * x) for x in part[name]],
            }
            for name in names
            if not name.startswith("measure=")
        ],
    }


def option_word(name: str) -> str:
    """Words for an option, its choice before it."""
    choice, _, option = name.partition("=")
    return f"{SHORT.get(choice, choice_word(choice))}: {words.plain(option)}"
