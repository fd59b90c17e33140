"""Every raw row and what became of it; stops unless rows in equal rows accounted for.

Input: ingested data sets, the fates of rows that went no further, what used the others. Output: the
ledger (a row a raw row) and the counts from stage to stage.
"""

from liverfit import store
from liverfit.claims.account import account
from liverfit.data.dataset import Dataset
from liverfit.job import logged


def main(ingested, fates, effects, before_after, concordance, reproduction, claims, ledger, flow):
    datasets = [Dataset.from_json(store.verify(path)) for path in ingested]
    tables = account(
        [dataset for dataset in datasets if dataset.ok],
        [store.read_table(path) for path in fates],
        store.read_table(effects),
        store.read_table(before_after),
        store.read_table(concordance),
        [store.read_json(path) for path in claims],
        store.read_table(reproduction) if reproduction else None,
    )
    for path, table in zip((ledger, flow), tables, strict=True):
        store.write_table(path, table)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.input.datasets,
            snakemake.input.fates,
            snakemake.input.effects,
            snakemake.input.before_after,
            snakemake.input.concordance,
            snakemake.input.reproduction,
            snakemake.input.claims,
            snakemake.output.ledger,
            snakemake.output.row_flow,
        )
