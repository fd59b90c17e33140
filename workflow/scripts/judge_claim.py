"""One claim: the models on its evidence, and the verdict by the declared rule."""

from liverfit import store
from liverfit.claims.judge import judge_claim
from liverfit.job import logged


def main(claim, evidence, settings, out):
    store.write_json(out, judge_claim(claim, store.read_json(evidence), settings))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.params.claim,
            snakemake.input.evidence,
            snakemake.params.settings,
            snakemake.output.judged,
        )
