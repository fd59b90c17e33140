"""The evidence explorer: pages on every claim and every trial, from result files alone."""

from pathlib import Path

from liverfit import store
from liverfit.job import logged
from liverfit.report.explorer.network import Networks
from liverfit.report.explorer.site import build
from liverfit.report.explorer.trial import Records

DOWNLOADS = {
    "Forest plot, SVG": "forest",
    "Forest plot, its numbers, CSV": "forest_table",
    "Specification curve, SVG": "specification_curve",
    "Risk of bias, SVG": "risk_of_bias_figure",
    "Risk of bias, CSV": "risk_of_bias_table",
    "Funnel plot, SVG": "funnel",
    "Influence of trials, SVG": "influence",
}
NETWORK_DOWNLOADS = {
    "Network graph, SVG": "network_graph",
    "Network graph, its numbers, CSV": "network_graph_table",
    "League table, SVG": "league_figure",
    "League table, CSV": "leagues",
    "The whole network, JSON": "networks",
}
TOGETHER = {
    "Ranks with their uncertainty, SVG": "ranks",
    "Ranks with their uncertainty, CSV": "ranks_table",
    "Benefit profile, CSV": "profile",
    "Transitivity, CSV": "transitivity",
}


def rows(path):
    return store.read_table(path).to_dict("records")


def by_name(names, files, downloads):
    """{name: {download: file}} from lists of files that are as long as the names."""
    found = zip(*(files[kind] for kind in downloads.values()), strict=True)
    return {
        name: dict(zip(downloads, map(Path, some), strict=True))
        for name, some in zip(names, found, strict=True)
    }


def networks_of(files, names):
    return Networks(
        [store.read_json(path) for path in files.networks],
        [rows(path) for path in files.leagues],
        rows(files.transitivity),
        rows(files.profile),
        by_name(names, files, NETWORK_DOWNLOADS),
        {title: Path(files[kind]) for title, kind in TOGETHER.items()},
    )


def main(files, params, index, pages):
    claims = [store.read_json(path) for path in files.claims]
    tables = {name: rows(files[name]) for name in Records.TABLES}
    datasets = [store.read_json(path) for path in files.datasets]
    curves = [store.read_table(path) for path in files.curves]
    names = params.names
    build(
        Path(index),
        Path(pages),
        overview=store.read_table(files.overview),
        claims=claims,
        curves=dict(zip(names, curves, strict=True)),
        records=Records(tables, datasets, claims, params.labels),
        concordance=rows(files.concordance),
        figures=by_name(names, files, DOWNLOADS),
        minimum_trials=params.minimum_trials,
        networks=networks_of(files, params.networks),
        report=params.report,
    )


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.input,
            snakemake.params,
            snakemake.output.index,
            snakemake.output.pages,
        )
