"""How often two independent extractions of one printed number agree, with the table it draws."""

from pathlib import Path

from liverfit import store
from liverfit.job import logged
from liverfit.plots.agreement import agreement_table, extraction_agreement
from liverfit.plots.style import save_figure


def main(agreement, labels, svg, table):
    pairs = store.read_table(agreement)
    store.write_table(table, agreement_table(pairs, labels=labels))
    save_figure(extraction_agreement(pairs, labels=labels), Path(svg).with_suffix(""))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.input.agreement,
            snakemake.params.labels,
            snakemake.output.svg,
            snakemake.output.table,
        )
