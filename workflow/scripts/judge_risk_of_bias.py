"""Risk of bias of every trial, domain by domain, from what is printed of it."""

from liverfit import store
from liverfit.claims.risk_of_bias import judge_risk_of_bias, locations_of
from liverfit.data.dataset import Dataset
from liverfit.job import logged


def main(ingested, trials, arms, out):
    datasets = [Dataset.from_json(store.verify(path)) for path in ingested]
    tables = store.read_table(trials), store.read_table(arms)
    store.write_table(out, judge_risk_of_bias(*tables, locations_of(datasets)))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        files = snakemake.input
        main(files.datasets, files.trials, files.arms, snakemake.output.risk_of_bias)
