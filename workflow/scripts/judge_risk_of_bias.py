"""Risk of bias of every trial by outcome, domain by domain, from what is printed of it."""

from liverfit import store
from liverfit.claims.risk_of_bias import judge_risk_of_bias
from liverfit.data.dataset import Dataset
from liverfit.data.integrity import raw_measurements
from liverfit.job import logged


def main(files, outcomes, out):
    datasets = [Dataset.from_json(store.verify(path)) for path in files.datasets]
    tables = [
        store.read_table(files[name]) for name in ("trials", "arms", "measurements", "screens")
    ]
    store.write_table(out, judge_risk_of_bias(*tables, raw_measurements(datasets), outcomes))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input, snakemake.params.outcomes, snakemake.output.risk_of_bias)
