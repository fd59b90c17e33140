"""scripts/build_report.py as its rule runs it: files in, the printable report out."""

from __future__ import annotations

import re
import runpy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import yaml
from explorer_parts import FIGURES, ROOT
from snakemake.iocontainers import InputFiles, Log, OutputFiles, Params

from liverfit import store
from liverfit.report.printed.report import GRAPH, write_report

SCRIPT = ROOT / "workflow/scripts/build_report.py"
OPTIONAL = ("weight_independence", "citation")
"""Inputs that a plan or a folder may be without."""


def inputs_of_the_rule() -> set[str]:
    """The names of the inputs of rule build_report."""
    text = (ROOT / "workflow/rules/report.smk").read_text(encoding="utf-8")
    block = text.partition("rule build_report:\n    input:\n")[2].partition("    output:")[0]
    return set(re.findall(r"^        (\w+)=", block, re.MULTILINE))


@pytest.fixture
def job(explorer, tmp_path):
    """Everything that the rule hands to the script, each input a file with its checksum."""
    sources, files = explorer.sources, {}
    names = [claim["claim"] for claim in sources["claims"]]

    def put(name: str, write, content) -> str:
        write(tmp_path / name, content)
        return str(tmp_path / name)

    for key, kind, write, found in (
        ("claims", "json", store.write_json, {c["claim"]: c for c in sources["claims"]}),
        ("sections", "md", store.write_text, sources["sections"]),
        ("curves", "csv", store.write_table, sources["curves"]),
    ):
        files[key] = [put(f"{key}/{name}.{kind}", write, found[name]) for name in names]
    for key in ("forest", "risk_of_bias"):
        picture = f"<svg xmlns='http://www.w3.org/2000/svg' id='{key}'/>"
        files[key] = [put(f"{key}_{name}.svg", store.write_text, picture) for name in names]
    for name in FIGURES:
        key = f"{name}_figure" if name in ("row_flow", "concordance") else name
        picture = f"<svg xmlns='http://www.w3.org/2000/svg' id='{name}'/>"
        files[key] = put(f"{name}.svg", store.write_text, picture)
    for name, rows in sources["tables"].items():
        frame = pd.DataFrame(rows, columns=None if rows else ["claim"])
        files[name] = put(f"{name}.csv", store.write_table, frame)
    networks = sources["networks"]
    leagues = dict(zip(networks.figures, map(pd.DataFrame, networks.leagues), strict=True))
    picture = "<svg xmlns='http://www.w3.org/2000/svg' id='network'/>"
    files["networks"] = [
        put(f"networks/{name}.json", store.write_json, network)
        for name, network in zip(networks.figures, networks.fitted, strict=True)
    ]
    files["leagues"] = [
        put(f"networks/league_{name}.csv", store.write_table, league)
        for name, league in leagues.items()
    ]
    files["network_graph"] = [
        put(f"network_{name}.svg", store.write_text, picture) for name in networks.figures
    ]
    frame = pd.DataFrame(networks.transitivity)
    files["transitivity"] = put("networks/transitivity.csv", store.write_table, frame)
    files["package"] = put("datapackage.json", store.write_json, sources["package"])
    citation = tmp_path / "CITATION.cff"
    citation.write_text(yaml.safe_dump(sources["citation"]), encoding="utf-8")
    files["citation"] = [str(citation)]
    files["weight_independence"] = [files["weight_independence"]]

    def run(**changed) -> Path:
        handed = {**files, **changed}
        out = tmp_path / "report/report.html"
        params = {"names": names} | {key: sources[key] for key in ("plan", "outcomes", "cited")}
        told = SimpleNamespace(
            input=InputFiles(fromdict=handed),
            output=OutputFiles(fromdict={"report": str(out)}),
            params=Params(fromdict=params),
            log=Log(toclone=[str(tmp_path / "build_report.log")]),
        )
        runpy.run_path(str(SCRIPT), init_globals={"snakemake": told}, run_name="__main__")
        return out

    return SimpleNamespace(run=run, files=files, names=names, log=tmp_path / "build_report.log")


def test_the_script_is_handed_what_the_rule_names(job):
    assert set(job.files) == inputs_of_the_rule()


def test_the_script_writes_the_report_of_its_inputs(job, explorer, tmp_path):
    written = job.run()
    figures = {name: Path(_one(job.files.get(f"{name}_figure") or job.files.get(name)))
               for name in FIGURES}  # fmt: skip
    of_claims = {
        name: {"Forest plot": Path(forest), "Risk of bias by trial": Path(bias)}
        for name, forest, bias in zip(
            job.names, job.files["forest"], job.files["risk_of_bias"], strict=True
        )
    }
    expected = tmp_path / "expected.html"
    graphs = {
        name: {GRAPH: Path(path)}
        for name, path in zip(explorer.networks.figures, job.files["network_graph"], strict=True)
    }
    found = {"figures": figures, "of_claims": of_claims,
             "networks": replace(explorer.sources["networks"], figures=graphs),
             "package": store.read_json(Path(job.files["package"]))}  # fmt: skip
    write_report(expected, **{**explorer.sources, **found})
    assert written.read_bytes() == expected.read_bytes()
    assert store.problem(written) == ""
    assert "done in" in job.log.read_text(encoding="utf-8")


def test_a_plan_without_weight_and_a_folder_without_citation_have_a_report_too(job):
    with_all = job.run().read_text(encoding="utf-8")
    without = job.run(**{name: [] for name in OPTIONAL}).read_text(encoding="utf-8")
    assert with_all.count("<img") == without.count("<img") + 1


def test_a_damaged_input_ends_the_script(job):
    Path(job.files["screened"]).write_text("screen\n", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        job.run()
    assert ended.value.code == 1
    assert "screened.csv" in job.log.read_text(encoding="utf-8")


def _one(found) -> str:
    return found if isinstance(found, str) else found[0]
