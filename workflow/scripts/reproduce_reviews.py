"""Reviews pooled again from their own rows, beside what they printed; see `reproduce`."""

from liverfit import store
from liverfit.claims.reproduction import reproduce
from liverfit.data.dataset import Dataset
from liverfit.job import logged


def main(ingested, level, out, log):
    datasets = [Dataset.from_json(store.verify(path)) for path in ingested]
    for dataset in datasets:
        if not dataset.ok:
            log.error("%s is left out: %d findings", dataset.name, len(dataset.errors))
    store.write_table(out, reproduce([dataset for dataset in datasets if dataset.ok], level))


if __name__ == "__main__":
    with logged(snakemake.log[0]) as log:
        main(
            snakemake.input.datasets,
            snakemake.params.level,
            snakemake.output.reproduction,
            log,
        )
