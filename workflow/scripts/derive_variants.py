"""Effect sizes again, under every other correlation and every other reading of unresolved spreads.

Output: variants, one row a distinct effect with the combinations that give it.
"""

from liverfit import store
from liverfit.effects.variants import derive_variants
from liverfit.job import logged


def main(tables, modalities, outcomes, settings, readings, out):
    frames = [store.read_table(path) for path in tables]
    store.write_table(out, derive_variants(*frames, modalities, outcomes, settings, *readings))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        files = snakemake.input
        main(
            (files.trials, files.arms, files.measurements, files.directions),
            snakemake.params.modalities,
            snakemake.params.outcomes,
            snakemake.params.settings,
            (snakemake.params.correlations, snakemake.params.spreads),
            snakemake.output.variants,
        )
