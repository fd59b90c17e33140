"""Ranks of the nodes of the benefit profile with their uncertainty, and the table drawn."""

from pathlib import Path

from liverfit import store
from liverfit.job import logged
from liverfit.plots.ranks import ranks_figure, ranks_table
from liverfit.plots.style import save_figure


def main(networks, profile, svg, table):
    content = [store.read_json(path) for path in networks]
    store.write_table(table, ranks_table(content))
    figure = ranks_figure(content, store.read_table(profile))
    save_figure(figure, Path(svg).with_suffix(""))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.input.networks,
            snakemake.input.profile,
            snakemake.output.svg,
            snakemake.output.table,
        )
