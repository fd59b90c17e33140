"""All trial data sets together: canonical units and spellings, duplicates and spreads settled.

Input: ingested data sets. Output: one CSV a table of `Harmonized`, named as its attributes.
"""

from liverfit import store
from liverfit.data.curation import check_curation
from liverfit.data.dataset import Dataset
from liverfit.data.findings import DataError, errors
from liverfit.data.harmonize import harmonize
from liverfit.job import logged


def main(ingested, params, outputs, log):
    datasets = [Dataset.from_json(store.verify(path)) for path in ingested]
    sound = [dataset for dataset in datasets if dataset.ok]
    for dataset in datasets:
        if not dataset.ok:
            log.error("%s is left out: %d findings", dataset.name, len(dataset.errors))
    complete = params.complete and len(sound) == len(datasets)
    findings = check_curation(sound, complete=complete)
    if errors(findings):
        raise DataError(findings)
    for finding in findings:
        log.warning("%s", finding)
    tables = harmonize(sound, params.outcomes, params.modalities, params.settings)
    for name, path in outputs.items():
        store.write_table(path, getattr(tables, name))


if __name__ == "__main__":
    with logged(snakemake.log[0]) as log:
        main(snakemake.input.datasets, snakemake.params, snakemake.output, log)
