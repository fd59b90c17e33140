"""Verdicts and all their numbers are the same whatever the order of the raw rows, and again."""

from __future__ import annotations

import json
import math
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from liverfit.claims.evidence import select_evidence
from liverfit.claims.judge import judge_claim
from liverfit.data.dataset import Dataset
from liverfit.data.harmonize import harmonize
from liverfit.effects.derive import derive_effects
from pipeline import Run, run_pipeline

ROOT = Path(__file__).resolve().parents[2]
# One of every kind: the battery, a dose, a network, non-inferiority, several effects a trial.
CLAIMS = (
    "liver_fat_falls_without_weight_loss",
    "exercise_lowers_liver_fat",
    "modalities_act_differently",
    "hiit_is_time_efficient",
    "fgf21_rises_with_exercise",
)


def shuffled(dataset: Dataset, seed: int) -> Dataset:
    """The data set with the rows of every table in another order; a row keeps its id."""
    tables = {}
    for name, table in dataset.tables.items():
        order = list(range(len(table)))
        random.Random(f"{seed}{dataset.name}{name}").shuffle(order)
        tables[name] = table.iloc[order].reset_index(drop=True)
    return replace(dataset, tables=tables)


def differences(one, other, where: str = "") -> list[str]:
    """Where two judged claims differ: numbers by more than 1e-9, anything else at all."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted({*one, *other}, key=str)
        return [x for k in keys for x in differences(one.get(k), other.get(k), f"{where}.{k}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [x for i, (a, b) in pairs for x in differences(a, b, f"{where}[{i}]")]
    if isinstance(one, float) and isinstance(other, float):
        near = math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
        return (
            [] if near or (math.isnan(one) and math.isnan(other)) else [f"{where}: {one}, {other}"]
        )
    return [] if one == other else [f"{where}: {one!r}, {other!r}"]


def written(judged):
    """As the results hold it, arrays as lists."""
    return json.loads(json.dumps(judged, default=lambda array: array.tolist()))


def canonical(x):
    """Without the order of lists, which follows that of the rows: by ids, names or the text."""
    if isinstance(x, dict):
        return {key: canonical(value) for key, value in x.items()}
    if not isinstance(x, list) or any(isinstance(v, int | float | type(None)) for v in x):
        return x
    keys = ("effect_id", "trial_id", "name", "label", "line", "comparison")
    made = [canonical(v) for v in x]
    return sorted(made, key=lambda v: str([v.get(k) for k in keys] if isinstance(v, dict) else v))


def test_differences_are_found():
    one = {"a": [1.0, {"b": "x"}], "c": None}
    assert differences(one, {"a": [1.0 + 1e-12, {"b": "x"}], "c": None}) == []
    assert differences(one, {"a": [1.0 + 1e-6, {"b": "y"}]}) == [
        ".a[0]: 1.0, 1.000001", ".a[1].b: 'x', 'y'"]  # fmt: skip
    assert differences(one, {"a": [1.0], "c": None}) != []


def three_trials(root: Path) -> Path:
    shutil.copytree(ROOT / "config", root / "config")
    shutil.copytree(ROOT / "tests/fixtures/three_trials", root, dirs_exist_ok=True)
    return root


@pytest.mark.parametrize("seed", [1, 2])
def test_three_trials_in_any_order_give_the_same_concluded_claims(tmp_path, seed):
    root = three_trials(tmp_path / "project")
    first, again = run_pipeline(root), run_pipeline(root)
    assert written(first.judged) == written(again.judged)  # seeds are fixed: to the last bit
    mixed = run_pipeline(root, lambda d: shuffled(d, seed))
    assert any(
        len(d.tables["measurements"]) > 5 for d in mixed.datasets if "measurements" in d.tables
    )
    assert differences(canonical(written(first.judged)), canonical(written(mixed.judged))) == []


@pytest.mark.slow
def test_real_verdicts_do_not_depend_on_the_order_of_raw_rows(real_run: Run):
    config, plan = real_run.config, real_run.config["config"]
    mixed = [shuffled(d, 7) for d in real_run.datasets]
    trials = [d for d in mixed if d.format != "reviews" and "reproduces" not in d.descriptor]
    h = harmonize(trials, config["outcomes"], config["modalities"], plan["harmonize"])
    tables = (h.trials, h.arms, h.measurements, h.directions)
    derived = derive_effects(*tables, config["modalities"], config["outcomes"], plan["effects"])
    for claim in config["claims"]["claims"]:
        if claim["id"] not in CLAIMS:
            continue
        evidence = select_evidence(
            claim, derived.effects, derived.contrasts, config["outcomes"], plan["primary"],
            derived.arm_summaries, derived.before_after,
        )  # fmt: skip
        judged = judge_claim(claim, evidence, plan)
        before = real_run.claim(claim["id"])
        one, other = ({k: side[k] for k in judged} for side in (before, judged))
        assert differences(canonical(written(one)), canonical(written(other))) == [], claim["id"]
