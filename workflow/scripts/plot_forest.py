"""The forest plot of one claim, with the table that it draws."""

from pathlib import Path

from liverfit import store
from liverfit.job import logged
from liverfit.plots.forest import forest
from liverfit.plots.forest_rows import forest_table
from liverfit.plots.style import save_figure


def main(claim, svg, table):
    content = store.read_json(claim)
    store.write_table(table, forest_table(content))
    save_figure(forest(content), Path(svg).with_suffix(""))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input.claim, snakemake.output.svg, snakemake.output.table)
