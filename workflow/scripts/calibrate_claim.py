"""How often the verdict rule errs on one claim's own trial structure.

Verdicts that were simulated before (`simulate_claim`) are counted, else all are simulated here.
"""

from liverfit import store
from liverfit.claims.calibration import calibrate_claim
from liverfit.job import logged


def main(judged, chunks, settings, out):
    parts = [store.read_json(path) for path in chunks]
    store.write_json(out, calibrate_claim(store.read_json(judged), settings, parts))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        files = snakemake.input
        main(files.judged, files.chunks, snakemake.params.settings, snakemake.output.calibration)
