"""One claim with all that stands beside its verdict, from what the stages before computed."""

from liverfit import store
from liverfit.claims.conclude import conclude_claim
from liverfit.job import logged


def main(judged, out):
    store.write_json(out, conclude_claim(store.read_json(judged)))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input.judged, snakemake.output.claim)
