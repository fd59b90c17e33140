"""A small evidence explorer from three made-up trials, one with words that a browser might run."""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import yaml
from explorer_networks import networks_of

from liverfit import store
from liverfit.claims.bias import assess_bias
from liverfit.claims.calibration import calibrate_claim
from liverfit.claims.conclude import conclude_claim
from liverfit.claims.evidence import as_records
from liverfit.claims.multiverse.curve import curve
from liverfit.claims.multiverse.evaluate import evaluate_claim
from liverfit.claims.multiverse.pool import select_variants
from liverfit.claims.multiverse.summary import summarise
from liverfit.claims.overview import overview
from liverfit.claims.risk_of_bias import judgements_of, overall_of
from liverfit.data.provenance import provenance
from liverfit.data.registry import write_checksums
from liverfit.effects.variants import derive_variants
from liverfit.report.explorer.network import Networks
from liverfit.report.explorer.site import build
from liverfit.report.explorer.trial import Records
from liverfit.report.narrative import claim_section
from liverfit.report.printed.report import GRAPH, write_report
from pipeline import FEW_SIMULATIONS, Run, records_of, run_pipeline, screened

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "tests/fixtures/three_trials"
HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=1>\"'&"
FIGURES = ("scoreboard", "row_flow", "weight_independence", "concordance", "calibration",
           "extraction_agreement")  # fmt: skip
CHOICES = {"measure": ["MD", "SMD"], "leave_out": ["none", "most_extreme"],
           "test": ["knha_floor", "z"]}  # fmt: skip


@dataclass
class Explorer:
    """Where it was built, and from what."""

    folder: Path
    run: Run
    claims: list[dict]
    records: Records
    networks: Networks
    sources: dict
    """what the printable report is made from"""

    @property
    def index(self) -> Path:
        return self.folder / "index.html"

    @property
    def pages(self) -> Path:
        return self.folder / "pages"

    def claim(self, name: str) -> str:
        return (self.pages / f"claims/{name}.html").read_text(encoding="utf-8")

    def network(self, name: str) -> str:
        return (self.pages / f"networks/{name}.html").read_text(encoding="utf-8")

    def trial(self, name: str) -> str:
        return (self.pages / f"trials/{name}.html").read_text(encoding="utf-8")


def edit(path: Path, changes: dict[str, dict[str, str]]) -> None:
    """Change cells of a raw table: what the first cell of the row begins with -> column -> text."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    for row in rows[1:]:
        for column, text in changes.get(row[0], {}).items():
            row[rows[0].index(column)] = text
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def project(root: Path) -> Path:
    """The three trials in a folder of their own, with hostile words in one of them."""
    shutil.copytree(ROOT / "config", root / "config")
    shutil.copytree(FIXTURE, root, dirs_exist_ok=True)
    add_network_lines(root / "config/claims.yaml")
    raw = root / "data/raw/mini"
    edit(raw / "trials.csv", {"alpha2015": {
        "first_author": HOSTILE, "title": HOSTILE, "population": HOSTILE, "notes": HOSTILE,
    }})  # fmt: skip
    edit(raw / "arms.csv", {"alpha2015": {"arm_label": HOSTILE}})
    edit(raw / "measurements.csv", {"alpha2015": {"as_reported": HOSTILE, "notes": HOSTILE}})
    write_checksums(raw)
    return root


def add_network_lines(path: Path) -> None:
    """Give two claims a line that rests on the network of liver fat."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    arms = {"modality": ["control", "aerobic", "hiit"]}
    for claim in document["claims"]:
        node = {"aerobic_lowers_liver_fat": "aerobic", "hiit_lowers_liver_fat": "interval"}
        if claim["id"] in node:
            claim["lines"].append(
                {
                    "name": "network", "outcome": "liver_fat", "measure": "MD",
                    "direction": "decrease", "model": "network_contrast",
                    "nodes": [node[claim["id"]], "none"],
                    "comparison": {"experimental": arms, "comparator": arms},
                }
            )  # fmt: skip
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def make_explorer(root: Path) -> Explorer:
    """Run the pipeline on the three trials and build their explorer."""
    run = run_pipeline(project(root))
    plan, outcomes = run.config["config"], run.config["outcomes"]
    choices = {**plan["multiverse"]["choices"], **CHOICES}
    multiverse = {**plan["multiverse"], "choices": choices, "selections": {}, "incompatible": {}}
    h, d = run.harmonized, run.derived
    tables = (h.trials, h.arms, h.measurements, h.directions)
    variants = derive_variants(
        *tables, run.config["modalities"], outcomes, plan["effects"],
        choices["correlation"], choices["unresolved_spread"],
    )  # fmt: skip
    risk = run.risk_of_bias
    settings = {key: plan[key] for key in ("models", "verdict")}
    quick = {**plan, "calibration": {**plan["calibration"], **FEW_SIMULATIONS}}
    claims, curves = [], {}
    for entry, found in zip(run.config["claims"]["claims"], run.judged, strict=True):
        pool = select_variants(
            entry, variants, d.contrasts, overall_of(risk), outcomes, plan["primary"]
        )
        evaluated = evaluate_claim(entry, as_records(pool), outcomes, multiverse, settings)
        curves[entry["id"]] = curve(evaluated)
        claims.append(
            conclude_claim(
                found, assess_bias(found, plan), judgements_of(risk), calibrate_claim(found, quick),
                plan["certainty"], {"claim": entry["id"], "own_rule": None, **summarise(evaluated)},
            )
        )  # fmt: skip
    for claim in claims:  # as the rule hands them over: through a file
        store.write_json(root / f"claims/{claim['claim']}.json", claim)
    claims = [store.read_json(root / f"claims/{c['claim']}.json") for c in claims]
    source = root / "figure.svg"
    store.write_text(source, "<svg xmlns='http://www.w3.org/2000/svg'/>")
    funnel = root / "funnel.svg"
    store.write_text(funnel, "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>")
    networks = networks_of(run, root / "networks", HOSTILE)
    records = records_of(run, root / "tables", claims, flagged(run))
    folder = root / "report"
    build(
        folder / "index.html",
        folder / "pages",
        overview=overview(claims),
        claims=claims,
        curves=curves,
        records=records,
        concordance=[],
        figures={
            claim["claim"]: {"Forest plot, SVG": source, "Funnel plot, SVG": funnel}
            for claim in claims
        },
        minimum_trials=plan["verdict"]["minimum_trials"],
        networks=networks,
        report="report.html",
    )
    sources = report_sources(root, run, claims, curves, source)
    graphs = {name: {GRAPH: source} for name in networks.figures}
    sources["networks"] = replace(networks, profile=[], figures=graphs, together={})
    write_report(folder / "report.html", **sources)
    return Explorer(folder, run, claims, records, networks, sources)


def flagged(run: Run) -> pd.DataFrame:
    """The flags of the integrity screens, with a hostile one that cannot fail to be there."""
    screens, _ = screened(run)
    screens.loc[len(screens)] = {
        **dict.fromkeys(screens.columns, ""), "screen": "grim", "row_id": "mini/measurements.csv:2",
        "trial_id": "alpha2015", "outcome": "liver_fat", "seen": HOSTILE, "severity": "concern",
    }  # fmt: skip
    return screens


def report_sources(root: Path, run: Run, claims: list[dict], curves: dict, figure: Path) -> dict:
    """All that the printable report is made from, as its rule hands it over."""
    plan, h, d = run.config["config"], run.harmonized, run.derived
    frames = {
        "trials": h.trials, "arms": h.arms, "row_flow": run.row_flow, "screens": flagged(run),
        "screened": screened(run)[1], "correlations": d.correlations,
        "agreement": h.extraction_agreement,
    }  # fmt: skip
    for name, frame in frames.items():
        store.write_table(root / f"report_tables/{name}.csv", frame)
    read = {name: store.read_table(root / f"report_tables/{name}.csv") for name in frames}
    names = [claim["claim"] for claim in claims]
    revision = {
        "commit": "0123456789abcdef",
        "date": "2026-01-02T03:04:05+00:00",
        "modified": False,
    }
    return {
        "plan": plan,
        "outcomes": run.config["outcomes"]["outcomes"],
        "claims": claims,
        "sections": {claim["claim"]: claim_section(claim) for claim in claims},
        "curves": curves,
        "tables": {name: frame.to_dict("records") for name, frame in read.items()}
        | {"concordance": []},
        "package": {"liverfit": provenance(revision, "plan-checksum", [root / "data/raw/mini"])},
        "cited": {"mini": {"title": "Made up", "citation": HOSTILE, "doi": None, "licence": "CC0"}},
        "citation": {"title": HOSTILE, "authors": [{"name": "Somebody"}], "version": "7.8.9"},
        "figures": dict.fromkeys(FIGURES, figure),
        "of_claims": {name: {"Forest plot": figure} for name in names},
    }
