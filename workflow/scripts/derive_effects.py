"""Harmonised arms to effect sizes, each by the best route that its numbers allow.

Output: effects, the fate of measurements that became none, pre-post correlations, contrasts.
"""

from liverfit import store
from liverfit.effects.derive import derive_effects
from liverfit.job import logged


def main(tables, modalities, outcomes, settings, outputs):
    frames = [store.read_table(path) for path in tables]
    derived = derive_effects(*frames, modalities, outcomes, settings)
    for name, path in outputs.items():
        store.write_table(path, getattr(derived, name))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        files = snakemake.input
        main(
            (files.trials, files.arms, files.measurements, files.directions),
            snakemake.params.modalities,
            snakemake.params.outcomes,
            snakemake.params.settings,
            snakemake.output,
        )
