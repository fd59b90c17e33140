"""The effects that bear on one claim, and the near misses with the reason for each.

Output: evidence as JSON, the effects that its multiverse may take, in every variant, and the
judgements on the risk of bias of its trials. The files of a claim whose evidence did not change
have the same bytes, so that the claim is not judged again.
"""

from liverfit import store
from liverfit.claims.evidence import select_evidence
from liverfit.claims.multiverse.pool import select_variants
from liverfit.claims.risk_of_bias import judgements_on, overall_of
from liverfit.job import logged


def main(claim, files, outcomes, plan, out):
    effects, contrasts = store.read_table(files.effects), store.read_table(files.contrasts)
    arms, changes = store.read_table(files.arm_summaries), store.read_table(files.before_after)
    evidence = select_evidence(claim, effects, contrasts, outcomes, plan, arms, changes)
    store.write_json(out.evidence, evidence)
    variants = store.read_table(files.variants)
    table = store.read_table(files.risk_of_bias)
    store.write_json(out.risk_of_bias, judgements_on(table, evidence))
    pool = select_variants(claim, variants, contrasts, overall_of(table), outcomes, plan)
    store.write_table(out.variants, pool)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.params.claim,
            snakemake.input,
            snakemake.params.outcomes,
            snakemake.params.plan,
            snakemake.output,
        )
