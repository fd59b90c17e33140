"""The research-integrity screens, with the table that the figure draws."""

from pathlib import Path

from liverfit import store
from liverfit.job import logged
from liverfit.plots.integrity import integrity_screens, integrity_table
from liverfit.plots.style import save_figure


def main(files, svg, table):
    drawn = integrity_table(store.read_table(files.summary), store.read_table(files.screens))
    store.write_table(table, drawn)
    save_figure(integrity_screens(drawn), Path(svg).with_suffix(""))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input, snakemake.output.svg, snakemake.output.table)
