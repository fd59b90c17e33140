"""Our estimates beside those of published reviews, with the table that is drawn."""

from pathlib import Path

from liverfit import store
from liverfit.job import logged
from liverfit.plots.concordance import concordance, concordance_table
from liverfit.plots.style import save_figure


def main(compared, svg, out):
    table = concordance_table(store.read_table(compared))
    store.write_table(out, table)
    save_figure(concordance(table), Path(svg).with_suffix(""))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input.compared, snakemake.output.svg, snakemake.output.table)
