"""One part of the specifications of a claim's multiverse, kept until all parts are there."""

from liverfit import store
from liverfit.claims.evidence import as_records
from liverfit.claims.multiverse.chunks import write_chunk
from liverfit.claims.multiverse.evaluate import evaluate_claim
from liverfit.job import logged


def main(claim, variants, outcomes, multiverse, settings, scatteritem, out):
    pool = as_records(store.read_table(variants))
    share = tuple(map(int, scatteritem.split("-of-")))
    write_chunk(out, evaluate_claim(claim, pool, outcomes, multiverse, settings, share))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.params.claim,
            snakemake.input.variants,
            snakemake.params.outcomes,
            snakemake.params.multiverse,
            snakemake.params.settings,
            snakemake.wildcards.scatteritem,
            snakemake.output.chunk,
        )
