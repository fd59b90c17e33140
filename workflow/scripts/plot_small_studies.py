"""The funnel of a claim and the influence of its trials, each with the table that it draws."""

from pathlib import Path

from liverfit import store
from liverfit.job import logged
from liverfit.plots.funnel import funnel, funnel_table, small_studies
from liverfit.plots.influence import influence, influence_table
from liverfit.plots.style import save_figure


def main(files, out):
    claim = store.read_json(files.claim)
    told = small_studies(claim)
    store.write_table(out.funnel_table, funnel_table(claim, filled=told["filled"]))
    save_figure(funnel(claim, **told), Path(out.funnel).with_suffix(""))
    store.write_table(out.influence_table, influence_table(claim))
    save_figure(influence(claim), Path(out.influence).with_suffix(""))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input, snakemake.output)
