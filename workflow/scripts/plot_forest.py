"""The forest plot of a claim's leading primary line, with the table that it draws."""

from pathlib import Path

from liverfit import store
from liverfit.claims.overview import primary_line
from liverfit.job import logged
from liverfit.plots.forest import forest
from liverfit.plots.forest_rows import forest_table
from liverfit.plots.style import save_figure


def main(claim, svg, table):
    content = store.read_json(claim)
    line = primary_line(content)["name"]
    store.write_table(table, forest_table(content, line))
    save_figure(forest(content, line), Path(svg).with_suffix(""))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input.claim, snakemake.output.svg, snakemake.output.table)
