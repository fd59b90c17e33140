"""Every specification of one claim's multiverse: the table, and what it says as a whole."""

import time

from liverfit import store
from liverfit.claims.evidence import as_records
from liverfit.claims.multiverse.curve import curve
from liverfit.claims.multiverse.evaluate import evaluate_claim
from liverfit.claims.multiverse.listing import specifications
from liverfit.claims.multiverse.summary import summarise
from liverfit.job import logged


def main(claim, variants, outcomes, multiverse, settings, out, logger):
    pool = as_records(store.read_table(variants))
    began = time.perf_counter()
    evaluated = evaluate_claim(claim, pool, outcomes, multiverse, settings)
    summary = {"claim": claim["id"], **summarise(evaluated)}
    seconds = time.perf_counter() - began
    n = summary["n_specifications"]
    logger.info("%d specifications in %.2f s, %.0f a second", n, seconds, n / seconds)
    table = specifications(evaluated, multiverse["listed"])
    store.write_table(out.specifications, table)
    store.write_table(out.curve, curve(evaluated))
    store.write_json(out.summary, {**summary, "n_listed": len(table)})


if __name__ == "__main__":
    with logged(snakemake.log[0]) as logger:
        main(
            snakemake.params.claim,
            snakemake.input.variants,
            snakemake.params.outcomes,
            snakemake.params.multiverse,
            snakemake.params.settings,
            snakemake.output,
            logger,
        )
