"""The graph of one network and its league table as a heat map, with the tables that they draw."""

from pathlib import Path

from liverfit import store
from liverfit.job import logged
from liverfit.plots.league import league
from liverfit.plots.network import network_graph, network_table
from liverfit.plots.style import save_figure


def main(network, table, out):
    content, pairs = store.read_json(network), store.read_table(table)
    store.write_table(out.graph_table, network_table(content))
    save_figure(network_graph(content), Path(out.graph_svg).with_suffix(""))
    store.write_table(out.league_table, pairs)
    save_figure(league(pairs, content), Path(out.league_svg).with_suffix(""))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input.network, snakemake.input.league, snakemake.output)
