"""The figures of a claim, each with the table that it draws: forest plot, specification curve, risk
of bias, funnel and influence."""

from pathlib import Path

from liverfit import store
from liverfit.claims.overview import primary_line
from liverfit.job import logged
from liverfit.plots.forest import forest
from liverfit.plots.forest_rows import forest_table
from liverfit.plots.funnel import funnel, funnel_table, small_studies
from liverfit.plots.influence import influence, influence_table
from liverfit.plots.risk_of_bias import risk_of_bias, risk_of_bias_table
from liverfit.plots.specification_curve import options_table, specification_curve
from liverfit.plots.style import save_figure


def main(files, out):
    claim, summary = store.read_json(files.claim), store.read_json(files.multiverse)
    points, bins = store.read_table(files.specifications), store.read_table(files.curve)
    primary = primary_line(claim)["name"]
    varied = next(line for line in claim["lines"] if line["name"] == summary["line"])
    told = small_studies(claim)
    figures = {
        "forest": (forest(claim, primary), forest_table(claim, primary)),
        "specification_curve": (
            specification_curve(claim, varied, summary, points, bins),
            options_table(summary),
        ),
        "risk_of_bias": (risk_of_bias(claim), risk_of_bias_table(claim)),
        "funnel": (funnel(claim, **told), funnel_table(claim, filled=told["filled"])),
        "influence": (influence(claim), influence_table(claim)),
    }
    for name, (figure, table) in figures.items():
        store.write_table(out[f"{name}_table"], table)
        save_figure(figure, Path(out[name]).with_suffix(""))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input, dict(snakemake.output.items()))
