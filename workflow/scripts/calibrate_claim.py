"""How often the verdict rule errs on one claim's own trial structure."""

from liverfit import store
from liverfit.claims.calibration import calibrate_claim
from liverfit.job import logged


def main(judged, settings, out):
    store.write_json(out, calibrate_claim(store.read_json(judged), settings))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input.judged, snakemake.params.settings, snakemake.output.calibration)
