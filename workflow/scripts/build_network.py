"""One network meta-analysis of modalities, with its league table."""

from liverfit import store
from liverfit.claims.network.results import build_network
from liverfit.claims.network.tables import league_table
from liverfit.job import logged


def main(effects, network, outcomes, settings, out):
    content = build_network(store.read_table(effects), *network, outcomes, settings)
    store.write_json(out.network, content)
    store.write_table(out.league, league_table(content))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.input.effects,
            snakemake.params.network,
            snakemake.params.outcomes,
            snakemake.params.settings,
            snakemake.output,
        )
