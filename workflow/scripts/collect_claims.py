"""All verdicts in one table, a row a claim."""

from liverfit import store
from liverfit.claims.overview import overview
from liverfit.job import logged


def main(claims, out):
    store.write_table(out, overview([store.read_json(path) for path in claims]))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input.claims, snakemake.output.claims)
