"""One raw data set: read strictly, checked, kept as printed with an id for every row.

Input: the data set's folder; a remote table comes from the cache, the mirror or its address.
Output: `Dataset` as JSON, findings included. An invalid data set ends the job with all its
findings, unless the plan says `on_invalid: skip`: then it is written with its findings and
harmonisation leaves it out.
"""

from liverfit import store
from liverfit.data.dataset import load_dataset
from liverfit.job import Refused, logged


def main(params, out, log):
    dataset = load_dataset(params.folder, mirror=params.mirror, offline=False)
    for finding in dataset.warnings:
        log.warning("%s", finding)
    if not dataset.ok:
        told = "\n".join(map(str, dataset.errors))
        if params.on_invalid != "skip":
            raise Refused(told)
        log.error("left out (on_invalid: skip)\n%s", told)
    store.write_text(out, dataset.dumps())


if __name__ == "__main__":
    with logged(snakemake.log[0]) as log:
        main(snakemake.params, snakemake.output.dataset, log)
