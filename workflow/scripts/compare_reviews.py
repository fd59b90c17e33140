"""Our pooled results beside those that published reviews printed."""

from liverfit import store
from liverfit.claims.concordance import compare_reviews
from liverfit.data.dataset import Dataset
from liverfit.job import logged


def main(ingested, claims, out):
    datasets = [Dataset.from_json(store.verify(path)) for path in ingested]
    tables = [dataset.tables for dataset in datasets if dataset.ok]
    judged = [store.read_json(path) for path in claims]
    store.write_table(out, compare_reviews(tables, judged))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input.datasets, snakemake.input.claims, snakemake.output.concordance)
