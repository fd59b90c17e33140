"""The evidence explorer: pages on every claim and every trial, from result files alone."""

from pathlib import Path

from liverfit import store
from liverfit.job import logged
from liverfit.report.explorer.site import build
from liverfit.report.explorer.trial import Records

DOWNLOADS = {
    "Forest plot, SVG": "forest",
    "Forest plot, its numbers, CSV": "forest_table",
    "Specification curve, SVG": "specification_curve",
    "Funnel plot, SVG": "funnel",
    "Influence of trials, SVG": "influence",
}


def rows(path):
    return store.read_table(path).to_dict("records")


def main(files, names, labels, minimum_trials, report, index, pages):
    claims = [store.read_json(path) for path in files.claims]
    tables = {name: rows(files[name]) for name in Records.TABLES}
    datasets = [store.read_json(path) for path in files.datasets]
    curves = [store.read_table(path) for path in files.curves]
    drawn = zip(*(files[kind] for kind in DOWNLOADS.values()), strict=True)
    figures = {
        name: dict(zip(DOWNLOADS, map(Path, found), strict=True))
        for name, found in zip(names, drawn, strict=True)
    }
    build(
        Path(index),
        Path(pages),
        overview=store.read_table(files.overview),
        claims=claims,
        curves=dict(zip(names, curves, strict=True)),
        records=Records(tables, datasets, claims, labels),
        concordance=rows(files.concordance),
        figures=figures,
        minimum_trials=minimum_trials,
        report=report,
    )


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.input,
            snakemake.params.names,
            snakemake.params.labels,
            snakemake.params.minimum_trials,
            snakemake.params.report,
            snakemake.output.index,
            snakemake.output.pages,
        )
