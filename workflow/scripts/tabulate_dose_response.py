"""The curves of every line and spline on one moderator, a row a point."""

from liverfit import store
from liverfit.claims.dose_table import dose_table
from liverfit.job import logged


def main(claims, moderator, out):
    store.write_table(out, dose_table([store.read_json(path) for path in claims], moderator))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input.claims, snakemake.wildcards.moderator, snakemake.output.curves)
