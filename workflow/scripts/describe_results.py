"""The results as a Frictionless Data Package and an RO-Crate, with what they were made from."""

from pathlib import Path

from liverfit import store
from liverfit.data.crate import describe_crate
from liverfit.data.datapackage import describe
from liverfit.data.provenance import provenance
from liverfit.job import logged


def main(files, revision, plan, folders, package, crate):
    made_from = provenance(revision, plan, folders)
    folder = Path(package).parent
    tables = [file for file in files if file.endswith(".csv")]
    store.write_json(package, describe(folder, tables, made_from))
    store.write_json(crate, describe_crate(folder, files, made_from))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.input.results,
            snakemake.params.revision,
            snakemake.params.plan,
            snakemake.params.folders,
            snakemake.output.package,
            snakemake.output.crate,
        )
