"""The effects that some specification of a claim may take, in every variant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverfit.claims.evidence import EFFECT_KEYS, as_records, effects_of
from liverfit.claims.lines import lines_of
from liverfit.claims.models.factorial import factorial_cells

if TYPE_CHECKING:
    import pandas as pd

WHOLE = ":network"  # after the name of a line: the contrasts of its whole network
LEFT_OUT = ("arm_label", "comparator_label", "spread_source", "source_rows")
POOL_COLUMNS = (
    "line", "variants", "measure",
    *(key for key in EFFECT_KEYS if key not in LEFT_OUT),
    "condition", "diet_cointervention", "risk_of_bias",
)  # fmt: skip


def select_variants(
    claim: dict,
    variants: pd.DataFrame,
    contrasts: pd.DataFrame,
    risk_of_bias: dict[str, dict[str, str]],
    outcomes: dict,
    plan: dict,
) -> pd.DataFrame:
    """Effects of the right kind for a claim's primary lines, before any choice is made.

    Parameters
    ----------
    claim : one entry of config/claims.yaml
    variants : table of `derive_variants`
    contrasts : table of `derive_effects`
    risk_of_bias : {outcome: {trial_id: overall judgement}}
    outcomes : contents of config/outcomes.yaml
    plan : the `primary` section of the analysis plan; here only what the arms are (`allocation`)
        counts, the rest is for the choices

    Returns
    -------
    DataFrame
        `POOL_COLUMNS`; one row an effect and line, sorted, whatever the order of `variants`. Of a
        line that rests on a network the direct contrasts, which can be pooled, and under its name
        with `WHOLE` those of all its nodes.
    """
    import pandas as pd

    rows, seen = as_records(variants), as_records(contrasts)
    out = []
    for line in lines_of(claim, outcomes):
        if line["role"] != "primary":
            continue
        cells = factorial_cells(seen, line) if line["model"] == "interaction" else None
        allocation = {**plan, **line["plan"]}["allocation"]
        judged = risk_of_bias.get(line["outcome"], {})
        pools = {line["name"]: line}
        if line["nodes"]:
            direct = {**line, "comparison": claim["comparison"]}
            pools = {line["name"]: direct, line["name"] + WHOLE: line}
        for name, asked in pools.items():
            out += [
                {**row, "line": name, "risk_of_bias": judged.get(row["trial_id"], "no_information")}
                for row in effects_of(asked, rows, cells)
                if row["allocation"] in allocation
            ]
    out.sort(key=lambda row: (row["line"], row["effect_id"], row["variants"]))
    return pd.DataFrame(
        [{c: row.get(c) for c in POOL_COLUMNS} for row in out], columns=list(POOL_COLUMNS)
    )
