"""Every raw row and what became of it; stops unless rows in equal rows accounted for.

Input: ingested data sets, the fates of rows that went no further, the judged claims. Output: the
ledger (a row a raw row) and the counts from stage to stage.
"""

from liverfit import store
from liverfit.data.dataset import Dataset
from liverfit.data.ledger import build_ledger, row_flow
from liverfit.job import logged


def main(ingested, fates, claims, ledger, flow):
    datasets = [Dataset.from_json(store.verify(path)) for path in ingested]
    judged = [store.read_json(path) for path in claims]
    table = build_ledger(datasets, [store.read_table(path) for path in fates], judged)
    store.write_table(ledger, table)
    store.write_table(flow, row_flow(table))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.input.datasets,
            snakemake.input.fates,
            snakemake.input.claims,
            snakemake.output.ledger,
            snakemake.output.row_flow,
        )
