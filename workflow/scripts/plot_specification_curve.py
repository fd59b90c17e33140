"""The specification curve of a claim, with the table of its options."""

from pathlib import Path

from liverfit import store
from liverfit.job import logged
from liverfit.plots.specification_curve import options_table, specification_curve
from liverfit.plots.style import save_figure


def main(files, svg, table):
    claim, summary = store.read_json(files.claim), store.read_json(files.summary)
    points, bins = store.read_table(files.specifications), store.read_table(files.curve)
    line = next(line for line in claim["lines"] if line["name"] == summary["line"])
    store.write_table(table, options_table(summary))
    figure = specification_curve(claim, line, summary, points, bins)
    save_figure(figure, Path(svg).with_suffix(""))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input, snakemake.output.svg, snakemake.output.table)
