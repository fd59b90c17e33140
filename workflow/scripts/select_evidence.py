"""The effects that bear on one claim, and the near misses with the reason for each.

Output: evidence as JSON. The file of a claim whose evidence did not change has the same bytes, so
that the claim is not judged again.
"""

from liverfit import store
from liverfit.claims.evidence import select_evidence
from liverfit.job import logged


def main(claim, effects, contrasts, outcomes, plan, out):
    tables = store.read_table(effects), store.read_table(contrasts)
    store.write_json(out, select_evidence(claim, *tables, outcomes, plan))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.params.claim,
            snakemake.input.effects,
            snakemake.input.contrasts,
            snakemake.params.outcomes,
            snakemake.params.plan,
            snakemake.output.evidence,
        )
