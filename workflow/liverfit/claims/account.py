"""Where every raw row ended: the ledger over all data sets, and the flow from rows to pools."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from liverfit.data.ledger import build_ledger, row_flow

if TYPE_CHECKING:
    import pandas as pd

    from liverfit.data.dataset import Dataset

POOLED = "pooled in a claim's primary line"
SECONDARY = "in a secondary or sensitivity line only"
TOO_FEW = "in a line with too few trials"
UNCONTROLLED = "an uncontrolled change, for sensitivity lines only"
NOT_ASKED = "no claim asks for it, or the plan leaves it out"


def account(
    datasets: list[Dataset],
    fates: list[pd.DataFrame],
    effects: pd.DataFrame,
    before_after: pd.DataFrame,
    concordance: pd.DataFrame,
    judged: list[dict],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ledger (a row a raw row) and row flow (counts by stage).

    Parameters
    ----------
    datasets : all ingested data sets, curation and reviews included
    fates : of `harmonize` and `derive_effects`, in that order
    effects, before_after : results/effects/effects.csv and before_after.csv
    concordance : results/concordance/concordance.csv
    judged : the claims' JSON

    Raises
    ------
    LedgerError
        where a raw row is not accounted for exactly once.
    """
    rows, trial_row, arm_row = {}, {}, {}
    for dataset in datasets:
        for name, table in dataset.tables.items():
            rows[f"{dataset.name}/{name}.csv"] = list(table["row_id"])
        if "arms" in dataset.tables:
            for t in dataset.tables["arms"].itertuples():
                arm_row[t.trial_id, t.arm_id] = t.row_id
        if "trials" in dataset.tables:
            for t in dataset.tables["trials"].itertuples():
                trial_row[t.trial_id] = t.row_id
    uses = defaultdict(list)
    made = [t.astype(object).fillna("").to_dict("records") for t in (effects, before_after)]
    for e in (e for table in made for e in table):
        sources = [*e["source_rows"].split(";"), *e.get("weight_rows", "").split(";")]
        sources.append(trial_row[e["trial_id"]])
        arms = filter(None, (e["arm_id"], e["comparator_arm_id"]))
        sources += [arm_row[e["trial_id"], arm] for arm in arms]
        for row in filter(None, sources):
            uses[row].append(e["effect_id"])
    for row in concordance["row_id"]:
        uses[row].append("concordance/concordance.csv")
    ledger = build_ledger(rows, fates, uses)
    return ledger, row_flow(ledger, _ends(effects, before_after, judged))


def _ends(effects: pd.DataFrame, before_after: pd.DataFrame, judged: list[dict]) -> dict[str, int]:
    """How many effects are pooled in a primary line, and why the others are not."""
    rank = dict.fromkeys(effects["effect_id"], NOT_ASKED)
    rank |= dict.fromkeys(before_after["effect_id"], UNCONTROLLED)
    order = (UNCONTROLLED, NOT_ASKED, TOO_FEW, SECONDARY, POOLED)
    for claim in judged:
        for line in claim["lines"]:
            if line["design"] == "before_after":
                continue
            end = TOO_FEW
            if line["status"] == "ok":
                end = POOLED if line["role"] == "primary" else SECONDARY
            for e in line["effects"]:
                rank[e["effect_id"]] = max(rank[e["effect_id"]], end, key=order.index)
    return {end: sum(r == end for r in rank.values()) for end in order[::-1]}
