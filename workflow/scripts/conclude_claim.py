"""One claim with all that stands beside its verdict, from what the stages before computed."""

from liverfit import store
from liverfit.claims.conclude import conclude_claim
from liverfit.job import logged


def main(files, rules, out):
    claim = conclude_claim(
        store.read_json(files.judged),
        store.read_json(files.bias),
        store.read_json(files.risk_of_bias),
        store.read_json(files.calibration),
        rules,
        store.read_json(files.multiverse),
    )
    store.write_json(out, claim)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input, snakemake.params.rules, snakemake.output.claim)
