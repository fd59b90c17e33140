"""Where every raw row ended: the ledger over all data sets, and the flow from rows to pools."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from liverfit.claims.overview import primary_line
from liverfit.data.ledger import build_ledger, row_flow

if TYPE_CHECKING:
    import pandas as pd

    from liverfit.data.dataset import Dataset


def account(
    datasets: list[Dataset],
    fates: list[pd.DataFrame],
    effects: pd.DataFrame,
    concordance: pd.DataFrame,
    judged: list[dict],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ledger (a row a raw row) and row flow (counts by stage).

    Parameters
    ----------
    datasets : all ingested data sets, curation and reviews included
    fates : of `harmonize` and `derive_effects`, in that order
    effects : results/effects/effects.csv
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
    for e in effects.fillna("").to_dict("records"):
        sources = [*e["source_rows"].split(";"), *e["weight_rows"].split(";")]
        sources.append(trial_row[e["trial_id"]])
        sources += [arm_row[e["trial_id"], e[k]] for k in ("arm_id", "comparator_arm_id")]
        for row in filter(None, sources):
            uses[row].append(e["effect_id"])
    for row in concordance["row_id"]:
        uses[row].append("concordance/concordance.csv")
    ledger = build_ledger(rows, fates, uses)
    pooled = {e["effect_id"] for claim in judged for e in primary_line(claim)["effects"]
              if primary_line(claim)["status"] == "ok"}  # fmt: skip
    return ledger, row_flow(ledger, len(effects), len(pooled))
