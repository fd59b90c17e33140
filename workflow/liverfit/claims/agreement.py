"""How many of a claim's lines of evidence say the same as its verdict."""

from __future__ import annotations


def agreement(claim: dict) -> dict:
    """Every line with its own verdict, and the count of those that agree with the claim's.

    A line agrees where its verdict by its own rule is the claim's. Lines that could not be fitted
    are listed with the reason; they neither agree nor disagree. Sensitivity lines are listed and
    not counted: they put the same evidence through another choice.

    Returns
    -------
    dict lines (name, role, model, status, verdict, estimate, ci_lower, ci_upper, reason), fitted,
    agree, told (a sentence).
    """
    rows = [
        {
            **{k: line[k] for k in ("name", "role", "model", "status", "verdict", "measure",
                                    "estimate", "ci_lower", "ci_upper", "k")},
            "reason": line["status_reason"] or line["verdict_reason"],
        }
        for line in claim["lines"]
    ]  # fmt: skip
    counted = [row for row in rows if row["role"] != "sensitivity"]
    fitted = [row for row in counted if row["status"] == "ok"]
    same = [row for row in fitted if row["verdict"] == claim["verdict"]]
    open_lines = [_name(row) for row in counted if row["status"] != "ok"]
    told = f"{len(same)} of its {len(fitted)} fitted lines are {claim['verdict']} by their own rule"
    if open_lines:
        told += f"; {len(open_lines)} could not be fitted ({', '.join(open_lines)})"
    return {"lines": rows, "fitted": len(fitted), "agree": len(same), "told": f"{told}."}


def _name(row: dict) -> str:
    return row["name"].replace("_", " ")
