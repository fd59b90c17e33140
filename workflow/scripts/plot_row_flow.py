"""The flow of raw rows to pooled effects; its table is results/harmonized/row_flow.csv."""

from pathlib import Path

from liverfit import store
from liverfit.job import logged
from liverfit.plots.row_flow import row_flow
from liverfit.plots.style import save_figure


def main(flow, svg):
    save_figure(row_flow(store.read_table(flow)), Path(svg).with_suffix(""))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input.row_flow, snakemake.output.svg)
