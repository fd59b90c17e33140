"""The results as a Frictionless Data Package, with the versions that made them."""

from pathlib import Path

from liverfit import store
from liverfit.data.datapackage import describe
from liverfit.job import logged


def main(tables, out):
    store.write_json(out, describe(Path(out).parent, tables))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input.tables, snakemake.output.package)
