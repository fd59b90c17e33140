"""Where every raw row ended: the ledger over all data sets, and the flow from rows to pools."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from liverfit.data.ledger import build_ledger, row_flow
from liverfit.data.schema import MAPPED

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
    reproduction: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ledger (a row a raw row) and row flow (counts by stage).

    Parameters
    ----------
    datasets : all ingested data sets, curation and reviews included
    fates : of `harmonize` and `derive_effects`, in that order
    effects, before_after : results/effects/effects.csv and before_after.csv
    concordance : results/concordance/concordance.csv
    judged : the claims' JSON
    reproduction : results/concordance/reproduction.csv, where there is one

    Raises
    ------
    LedgerError
        where a raw row is not accounted for exactly once.
    """
    rows, trial_row, arm_row = {}, {}, {}
    for dataset in datasets:
        for name, table in dataset.raw_tables.items():
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
    if reproduction is not None:
        for r in reproduction.itertuples():
            for row in r.source_rows.split(";"):
                uses[row].append("concordance/reproduction.csv")
    for dataset in datasets:
        if "reproduces" in dataset.descriptor:
            fates = [*fates, _unused(dataset, uses, "not_compared")]
        elif dataset.format in MAPPED and "measurements" in dataset.tables:
            fates, uses = by_raw_row(dataset, fates, uses)
    ledger = build_ledger(rows, fates, uses)
    printed = {
        row
        for key, ids in rows.items()
        for row in ids
        if key.rpartition("/")[2] in ("measurements.csv", "wide.csv", "effects.csv")
    }
    return ledger, row_flow(ledger, _ends(effects, before_after, judged), printed)


def by_raw_row(
    dataset: Dataset, fates: list[pd.DataFrame], uses: dict[str, list[str]]
) -> tuple[list[pd.DataFrame], dict[str, list[str]]]:
    """Fates and uses of the measurements that a mapping made, told of the raw rows behind them.

    A raw row is used where any of its measurements is, else superseded, else excluded; while a
    measurement has neither fate nor use, its raw row has none. A raw row that made no measurement
    prints no number.
    """
    import pandas as pd

    made = dataset.tables["measurements"]
    behind = {m.row_id: m.from_rows.split(";") for m in made.itertuples()}
    known = {}
    for table in fates:
        for f in table.astype(object).fillna("").to_dict("records"):
            if f["row_id"] in behind:
                known.setdefault(f["row_id"], f)
    told = defaultdict(list)
    raw_uses = defaultdict(list)
    for row, places in uses.items():
        for raw in behind.get(row, [row]):
            raw_uses[raw] += places
    for row, raws in behind.items():
        used = {"status": "used", "reason": "", "superseded_by": ""} if row in uses else None
        for raw in raws:
            told[raw].append(used or known.get(row))
    printed = dataset.raw_tables[dataset.format]["row_id"]
    none = {"status": "excluded", "reason": "no_number", "superseded_by": ""}
    rank = {"used": 0, "superseded": 1, "excluded": 2}
    out = []
    for raw in printed:
        options = told.get(raw, [none])
        if all(options):
            best = min(options, key=lambda f: rank[f["status"]])
            by = behind.get(best["superseded_by"], [best["superseded_by"]])[0]
            out.append({"row_id": raw, **{k: best[k] for k in none}, "superseded_by": by})
    rest = [table[~table["row_id"].isin(behind)].copy() for table in fates]
    for table in rest:
        table["superseded_by"] = [behind.get(row, [row])[0] for row in table["superseded_by"]]
    return [*rest, pd.DataFrame(out, columns=["row_id", *none])], raw_uses


def _unused(dataset: Dataset, uses: dict[str, list[str]], reason: str) -> pd.DataFrame:
    """The fate of a data set's rows that are used nowhere."""
    import pandas as pd

    ids = [row for table in dataset.raw_tables.values() for row in table["row_id"]]
    rows = [(row, "excluded", reason, "") for row in ids if row not in uses]
    return pd.DataFrame(rows, columns=["row_id", "status", "reason", "superseded_by"])


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
