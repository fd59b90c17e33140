"""Tables over all networks: the benefit profile, and effect modifiers by comparison."""

from liverfit import store
from liverfit.claims.network.profile import benefit_profile
from liverfit.claims.network.transitivity import modifiers, transitivity
from liverfit.job import logged


def main(networks, tables, profile, seed, out):
    fitted = [store.read_json(path) for path in networks]
    chosen = {(net["outcome"], net["measure"]): net for net in fitted}
    asked = [chosen[pair] for pair in profile.items()]
    store.write_table(out.profile, benefit_profile(asked, seed))
    known = modifiers(*(store.read_table(path) for path in tables))
    store.write_table(out.transitivity, transitivity(fitted, known))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        files = snakemake.input
        main(
            files.networks,
            (files.trials, files.arms, files.measurements, files.effects),
            snakemake.params.profile,
            snakemake.params.seed,
            snakemake.output,
        )
