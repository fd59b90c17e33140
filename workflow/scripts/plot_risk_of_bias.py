"""The traffic-light figure of a claim, with the table that it draws."""

from pathlib import Path

from liverfit import store
from liverfit.job import logged
from liverfit.plots.risk_of_bias import risk_of_bias, risk_of_bias_table
from liverfit.plots.style import save_figure


def main(files, svg, table):
    claim = store.read_json(files.claim)
    store.write_table(table, risk_of_bias_table(claim))
    save_figure(risk_of_bias(claim), Path(svg).with_suffix(""))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input, snakemake.output.svg, snakemake.output.table)
