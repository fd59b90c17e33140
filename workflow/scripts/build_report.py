"""The printable report of methods and results, from result files and the plan alone."""

from pathlib import Path

from liverfit import store
from liverfit.data.plan import load_yaml
from liverfit.job import logged
from liverfit.report.explorer.network import Networks
from liverfit.report.explorer.network_tables import network_name
from liverfit.report.printed.report import GRAPH, write_report

TABLES = (
    "trials",
    "arms",
    "row_flow",
    "screens",
    "screened",
    "correlations",
    "agreement",
    "concordance",
)
FIGURES = ("scoreboard", "row_flow_figure", "weight_independence", "concordance_figure",
           "calibration", "extraction_agreement")  # fmt: skip


def one(found):
    """The path of an input that a plan may be without, or None."""
    return found if isinstance(found, str) else next(iter(found or ()), None)


def networks_of(files):
    fitted = [store.read_json(path) for path in files.networks]
    return Networks(
        fitted,
        [store.read_table(path).to_dict("records") for path in files.leagues],
        store.read_table(files.transitivity).to_dict("records"),
        figures={
            network_name(network): {GRAPH: Path(path)}
            for network, path in zip(fitted, files.network_graph, strict=True)
        },
    )


def main(files, names, plan, outcomes, cited, report):
    claims = [store.read_json(path) for path in files.claims]
    figures = {name.removesuffix("_figure"): one(files.get(name)) for name in FIGURES}
    drawn = zip(files.forest, files.risk_of_bias, strict=True)
    write_report(
        report,
        plan=plan,
        outcomes=outcomes,
        claims=claims,
        sections={
            name: store.verify(path).read_text(encoding="utf-8")
            for name, path in zip(names, files.sections, strict=True)
        },
        curves=dict(zip(names, map(store.read_table, files.curves), strict=True)),
        tables={name: store.read_table(files[name]).to_dict("records") for name in TABLES},
        networks=networks_of(files),
        package=store.read_json(files.package),
        cited=cited,
        citation=load_yaml(one(files.citation)) if one(files.citation) else None,
        figures={name: Path(path) if path else None for name, path in figures.items()},
        of_claims={
            name: {"Forest plot": Path(forest), "Risk of bias by trial": Path(bias)}
            for name, (forest, bias) in zip(names, drawn, strict=True)
        },
    )


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.input,
            snakemake.params.names,
            snakemake.params.plan,
            snakemake.params.outcomes,
            snakemake.params.cited,
            snakemake.output.report,
        )
