"""The verdicts on one part of the data sets that are simulated to calibrate a claim's rule."""

from liverfit import store
from liverfit.claims.calibration import simulated_verdicts
from liverfit.job import logged


def main(judged, settings, scatteritem, out):
    share = tuple(map(int, scatteritem.split("-of-")))
    store.write_json(out, simulated_verdicts(store.read_json(judged), settings, share))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.input.judged,
            snakemake.params.settings,
            snakemake.wildcards.scatteritem,
            snakemake.output.chunk,
        )
