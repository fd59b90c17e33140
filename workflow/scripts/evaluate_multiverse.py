"""Every specification of one claim's multiverse: the table, and what it says as a whole.

Parts that were evaluated before (`evaluate_multiverse_chunk`) are put together, else all is
evaluated here.
"""

import time

from liverfit import store
from liverfit.claims.evidence import as_records
from liverfit.claims.multiverse.chunks import gathered, read_chunk
from liverfit.claims.multiverse.curve import curve
from liverfit.claims.multiverse.evaluate import evaluate_claim, line_and_grid, margins_of
from liverfit.claims.multiverse.listing import specifications
from liverfit.claims.multiverse.own_rule import own_rule
from liverfit.claims.multiverse.summary import summarise
from liverfit.job import logged


def main(claim, files, outcomes, multiverse, settings, out, logger):
    pool = as_records(store.read_table(files.variants))
    stated = claim, pool, outcomes, multiverse, settings
    began = time.perf_counter()
    if files.chunks:
        of = line_and_grid(*stated)
        evaluated = gathered([read_chunk(path, *of) for path in files.chunks])
    else:
        evaluated = evaluate_claim(*stated)
    margins = margins_of(claim, evaluated.line, outcomes)
    own = own_rule(evaluated, margins, settings["models"], pool)
    summary = {"claim": claim["id"], "own_rule": None, **summarise(evaluated), **own}
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
            snakemake.input,
            snakemake.params.outcomes,
            snakemake.params.multiverse,
            snakemake.params.settings,
            snakemake.output,
            logger,
        )
