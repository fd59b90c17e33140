"""How one claim's estimates depend on which trials were printed and which are in."""

from liverfit import store
from liverfit.claims.bias import assess_bias
from liverfit.job import logged


def main(judged, settings, out):
    store.write_json(out, assess_bias(store.read_json(judged), settings))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input.judged, snakemake.params.settings, snakemake.output.bias)
