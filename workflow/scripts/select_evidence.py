"""The effects that bear on one claim, and the near misses with the reason for each.

Output: evidence as JSON, and the effects that its multiverse may take, in every variant. The files
of a claim whose evidence did not change have the same bytes, so that the claim is not judged again.
"""

from liverfit import store
from liverfit.claims.evidence import select_evidence
from liverfit.claims.multiverse.pool import select_variants
from liverfit.job import logged


def main(claim, tables, outcomes, plan, out):
    effects, contrasts, variants, arms = map(store.read_table, tables)
    evidence = select_evidence(claim, effects, contrasts, outcomes, plan, arms)
    store.write_json(out.evidence, evidence)
    pool = select_variants(claim, variants, contrasts, outcomes, plan)
    store.write_table(out.variants, pool)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        files = snakemake.input
        main(
            snakemake.params.claim,
            (files.effects, files.contrasts, files.variants, files.arm_summaries),
            snakemake.params.outcomes,
            snakemake.params.plan,
            snakemake.output,
        )
