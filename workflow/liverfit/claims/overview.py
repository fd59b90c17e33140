"""The table of verdicts: one row a claim, the primary line's numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "claim", "verdict", "certainty", "estimate", "ci_lower", "ci_upper", "pi_lower", "pi_upper",
    "k", "n", "tau2", "i2", "probability", "multiverse_share", "power", "false_positive_rate",
    "measure", "unit", "model", "section", "outcome", "status", "reason",
)  # fmt: skip
OF_CLAIM = ("claim", "verdict", "certainty", "probability", "multiverse_share", "power",
            "false_positive_rate", "section", "reason")  # fmt: skip


def overview(claims: list[dict]) -> pd.DataFrame:
    """results/claims/claims.csv: the columns of DESIGN plus section, outcome, status, reason."""
    import pandas as pd

    rows = []
    for claim in claims:
        line = primary_line(claim)
        rows.append({c: (claim if c in OF_CLAIM else line)[c] for c in COLUMNS})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def empty_cells(claim: dict) -> dict[str, str]:
    """The columns of a claim's row of claims.csv that are empty, each with the reason."""
    line = primary_line(claim)
    row = {c: (claim if c in OF_CLAIM else line)[c] for c in COLUMNS}
    return {c: _why_empty(c, claim, line) for c, value in row.items() if value is None}


def _why_empty(column: str, claim: dict, line: dict) -> str:
    own = {
        "certainty": "certainty_reason",
        "probability": "probability_reason",
        "multiverse_share": "multiverse_reason",
        "power": "calibration_reason",
        "false_positive_rate": "calibration_reason",
    }
    if column in own:
        return claim[own[column]]
    if column == "n" and line["k"] and (line["status"] == "ok" or line["effects"]):
        return "the trials do not print how many people were analysed"
    if line["status"] != "ok":
        return line["status_reason"]
    if line["estimate"] is None:
        return f"the rule {line['rule']} tests whether effects are equal and names no single effect"
    return f"the model {line['model']} gives none"


def primary_line(claim: dict) -> dict:
    """The line whose numbers stand for the claim: of its primary lines the one with most trials."""
    primary = [line for line in claim["lines"] if line["role"] == "primary"]
    return max(primary, key=lambda line: (line["status"] == "ok", line["k"]))


def verdict_table(claims: list[dict]) -> str:
    """The verdict table as Markdown, for README and report."""
    head = "| claim | verdict | estimate (95 % CI) | trials | people |\n|---|---|---|---:|---:|"
    rows = []
    for claim in claims:
        line = primary_line(claim)
        rows.append(
            f"| {claim['statement']} | **{claim['verdict']}** | {_estimate(line)} "
            f"| {line['k']} | {line['n'] or '–'} |"
        )
    return "\n".join([head, *rows]) + "\n"


def _estimate(line: dict) -> str:
    if line["estimate"] is None:
        return "–"
    numbers = (line["estimate"], line["ci_lower"], line["ci_upper"])
    text = "{:.2f} ({:.2f} to {:.2f})".format(*numbers).replace("-", "−")
    return f"{line['outcome_label']} {text} {line['unit']}"
