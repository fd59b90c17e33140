"""One claim: the models on its evidence, and the verdict by the declared rule.

Participants of data sets of format ipd are read from their raw folders for the one-stage model
alone; nothing of them is written.
"""

from liverfit import store
from liverfit.claims.judge import judge_claim
from liverfit.data.dataset import load_dataset
from liverfit.data.individual import people_by_arm
from liverfit.job import logged


def main(params, evidence, out):
    people = {}
    for folder in params.individual["folders"]:
        dataset = load_dataset(folder, mirror=params.individual["mirror"], offline=False)
        if dataset.ok:
            people |= people_by_arm(dataset.participants, params.individual["outcomes"])
    judged = judge_claim(params.claim, store.read_json(evidence), params.settings, people)
    store.write_json(out, judged)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.params, snakemake.input.evidence, snakemake.output.judged)
