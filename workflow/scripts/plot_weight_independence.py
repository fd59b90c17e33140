"""Liver fat against body weight and the battery's lines, with the tables that they draw."""

from pathlib import Path

from liverfit import store
from liverfit.job import logged
from liverfit.plots.style import save_figure
from liverfit.plots.weight_independence import lines_table, weight_independence, weight_table


def main(claim, svg, points, lines):
    content = store.read_json(claim)
    store.write_table(points, weight_table(content))
    store.write_table(lines, lines_table(content))
    save_figure(weight_independence(content), Path(svg).with_suffix(""))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        outputs = snakemake.output
        main(snakemake.input.claim[0], outputs.svg, outputs.points, outputs.lines)
