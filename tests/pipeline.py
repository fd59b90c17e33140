"""The whole pipeline in one process, without Snakemake: raw folders in, judged claims out."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path

import pandas as pd
import yaml

from liverfit import store
from liverfit.claims.account import account
from liverfit.claims.bias import assess_bias
from liverfit.claims.calibration import calibrate_claim
from liverfit.claims.conclude import conclude_claim
from liverfit.claims.concordance import compare_reviews
from liverfit.claims.evidence import select_evidence
from liverfit.claims.judge import judge_claim
from liverfit.claims.overview import overview, verdict_table
from liverfit.claims.risk_of_bias import judge_risk_of_bias, judgements_of
from liverfit.data.dataset import Dataset, load_dataset
from liverfit.data.harmonize import Harmonized, harmonize
from liverfit.data.integrity import raw_measurements, screen_integrity
from liverfit.effects.derive import Derived, derive_effects
from liverfit.report.explorer.trial import Records

FEW_SIMULATIONS = {"simulations": 100, "simulations_one_by_one": 20}
CONFIGS = ("config", "outcomes", "modalities", "claims")


@dataclass
class Run:
    """All that one run leaves in memory."""

    root: Path
    config: dict
    datasets: list[Dataset]
    harmonized: Harmonized
    derived: Derived
    judged: list[dict]
    risk_of_bias: pd.DataFrame
    ledger: pd.DataFrame = field(default_factory=pd.DataFrame)
    row_flow: pd.DataFrame = field(default_factory=pd.DataFrame)

    def effect(self, effect_id: str) -> dict:
        """One effect by its id, missing values as None."""
        found = self.derived.effects[self.derived.effects["effect_id"] == effect_id]
        assert len(found) == 1, f"{effect_id}: {len(found)} effects"
        return found.iloc[0].to_dict()

    def claim(self, name: str) -> dict:
        """One judged claim by its id."""
        return next(c for c in self.judged if c["claim"] == name)

    def raw_rows(self) -> dict[str, dict]:
        """Every raw row by its id, read by the standard library's reader alone."""
        rows = {}
        for path in sorted((self.root / "data/raw").glob("*/*.csv")):
            with path.open(newline="", encoding="utf-8") as file:
                reader = csv.reader(file)
                header = next(reader)
                line = reader.line_num + 1
                for cells in reader:
                    row_id = f"{path.parent.name}/{path.name}:{line}"
                    rows[row_id] = dict(zip(header, cells, strict=True))
                    line = reader.line_num + 1
        return rows


def run_pipeline(root: Path, mix: Callable[[Dataset], Dataset] = lambda d: d) -> Run:
    """Run every stage on `root`'s config/ and data/raw/; `mix` may put rows in another order."""
    config = {
        name: yaml.safe_load((root / f"config/{name}.yaml").read_text(encoding="utf-8"))
        for name in CONFIGS
    }
    folders = sorted(path.parent for path in (root / "data/raw").glob("*/dataset.yaml"))
    datasets = [load_dataset(folder) for folder in folders]
    for dataset in datasets:
        assert dataset.ok, "\n".join(map(str, dataset.errors))
    datasets = [mix(dataset) for dataset in datasets]
    trials = [d for d in datasets if d.format != "reviews" and "reproduces" not in d.descriptor]
    outcomes, plan = config["outcomes"], config["config"]
    harmonized = harmonize(trials, outcomes, config["modalities"], plan["harmonize"])
    derived = derive_effects(
        harmonized.trials,
        harmonized.arms,
        harmonized.measurements,
        harmonized.directions,
        config["modalities"],
        outcomes,
        plan["effects"],
    )
    judged = [
        judge_claim(
            claim,
            select_evidence(
                claim,
                derived.effects,
                derived.contrasts,
                outcomes,
                plan["primary"],
                derived.arm_summaries,
                derived.before_after,
            ),
            plan,
        )
        for claim in config["claims"]["claims"]
    ]
    tables = harmonized.measurements, harmonized.trials, harmonized.arms
    raw = raw_measurements(trials)
    screens, _, _ = screen_integrity(*tables, raw, outcomes, plan["integrity"], plan["harmonize"])
    risk = judge_risk_of_bias(
        harmonized.trials, harmonized.arms, harmonized.measurements, screens, raw, outcomes
    )
    quick = {**plan, "calibration": {**plan["calibration"], **FEW_SIMULATIONS}}
    judged = [
        conclude_claim(
            claim,
            assess_bias(claim, plan),
            judgements_of(risk),
            calibrate_claim(claim, quick),
            plan["certainty"],
        )
        for claim in judged
    ]
    reviews = [
        row
        for d in datasets
        if "reviews" in d.tables
        for row in d.tables["reviews"].to_dict("records")
    ]
    ledger, flow = account(
        datasets,
        [harmonized.fates, derived.fates],
        derived.effects,
        derived.before_after,
        compare_reviews(reviews, judged),
        judged,
    )
    return Run(root, config, datasets, harmonized, derived, judged, risk, ledger, flow)


def write_results(run: Run, results: Path) -> Path:
    """Write the tables and claims of a run as the workflow writes them."""
    for dataset in run.datasets:
        dataset.to_json(results / f"ingested/{dataset.name}.json")
    for folder, made in (("harmonized", run.harmonized), ("effects", run.derived)):
        for part in fields(made):
            store.write_table(results / folder / f"{part.name}.csv", getattr(made, part.name))
    store.write_table(results / "harmonized/ledger.csv", run.ledger)
    store.write_table(results / "harmonized/row_flow.csv", run.row_flow)
    for claim in run.judged:
        store.write_json(results / f"claims/{claim['claim']}.json", claim)
    store.write_table(results / "claims/claims.csv", overview(run.judged))
    store.write_text(results / "claims/claims.md", verdict_table(run.judged))
    return results


def screened(run: Run) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Flags and summary of the integrity screens on a run's tables."""
    h, plan = run.harmonized, run.config["config"]
    flags, summary, _ = screen_integrity(
        h.measurements, h.trials, h.arms, raw_measurements(run.datasets),
        run.config["outcomes"], plan["integrity"], plan["harmonize"],
    )  # fmt: skip
    return flags, summary


def records_of(
    run: Run, folder: Path, claims: list[dict], flags: pd.DataFrame | None = None
) -> Records:
    """What the pages of trials show of a run; its tables go through files in a folder."""
    h, d = run.harmonized, run.derived
    frames = {
        "trials": h.trials, "arms": h.arms, "measurements": h.measurements,
        "spread_decisions": h.spread_decisions, "ledger": run.ledger,
        "overlaps": h.reported_overlaps, "risk_of_bias": run.risk_of_bias, "effects": d.effects,
        "before_after": d.before_after, "screens": screened(run)[0] if flags is None else flags,
    }  # fmt: skip
    for name, frame in frames.items():
        store.write_table(folder / f"{name}.csv", frame)
    outcomes = run.config["outcomes"]
    return Records(
        {name: store.read_table(folder / f"{name}.csv").to_dict("records") for name in frames},
        [json.loads(dataset.dumps()) for dataset in run.datasets],
        claims,
        {name: entry["label"] for name, entry in outcomes["outcomes"].items()},
    )
