"""The effects that bear on one claim, and the near misses with the reason for each.

Output: evidence as JSON, and the effects that its multiverse may take, in every variant. The files
of a claim whose evidence did not change have the same bytes, so that the claim is not judged again.
"""

from liverfit import store
from liverfit.claims.evidence import select_evidence
from liverfit.claims.multiverse.pool import select_variants
from liverfit.job import logged


def main(claim, effects, contrasts, variants, outcomes, plan, out):
    effects, contrasts, variants = map(store.read_table, (effects, contrasts, variants))
    store.write_json(out.evidence, select_evidence(claim, effects, contrasts, outcomes, plan))
    pool = select_variants(claim, variants, contrasts, outcomes, plan)
    store.write_table(out.variants, pool)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.params.claim,
            snakemake.input.effects,
            snakemake.input.contrasts,
            snakemake.input.variants,
            snakemake.params.outcomes,
            snakemake.params.plan,
            snakemake.output,
        )
