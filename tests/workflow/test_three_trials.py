"""A whole project on three made-up trials against the arithmetic of its README."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from liverfit.data.registry import write_checksums
from pipeline import Run, run_pipeline

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "tests/fixtures/three_trials"
EFFECTS = {
    "alpha2015:ex-vs-con:liver_fat:MD": ("change_scores", -2.8),
    "beta2016:ex-vs-con:liver_fat:MD": ("printed_contrast", -3.0),
    "gamma2017:ae-vs-con:liver_fat:MD": ("pre_post", -3.2),
    "gamma2017:hiit-vs-con:liver_fat:MD": ("pre_post", -3.1),
    "gamma2017:hiit-vs-ae:liver_fat:MD": ("pre_post", 0.1),
}
FATES = {
    3: ("superseded", "repeats_another_row", "mini/measurements.csv:2"),
    7: ("superseded", "better_route", "mini/measurements.csv:6"),
    8: ("superseded", "better_route", "mini/measurements.csv:6"),
    15: ("excluded", "number_in_one_arm_only", ""),
}


def make(root: Path) -> Path:
    """Write the project: the fixture's data and claims, the rest as it is."""
    shutil.copytree(ROOT / "config", root / "config")
    shutil.copytree(FIXTURE, root, dirs_exist_ok=True)
    return root


def check_effects(rows: list[dict]) -> None:
    found = {r["effect_id"]: r for r in rows if r["measure"] == "MD"}
    assert set(found) == set(EFFECTS)
    for effect_id, (route, yi) in EFFECTS.items():
        row = found[effect_id]
        assert row["route"] == route
        assert float(row["yi"]) == pytest.approx(yi)
        assert float(row["vi"]) == pytest.approx(0.5, rel=1e-5)
        assert float(row["v_comparator"]) == pytest.approx(0.25, rel=1e-5)


def check_claims(claims: dict[str, dict]) -> None:
    aerobic, exercise = (
        claims[f"{kind}_lowers_liver_fat"]["lines"][0] for kind in ("aerobic", "exercise")
    )
    assert {name: c["verdict"] for name, c in claims.items()} == {
        "aerobic_lowers_liver_fat": "supported",
        "exercise_lowers_liver_fat": "supported",
        "hiit_lowers_liver_fat": "untestable",
    }
    assert aerobic["estimate"] == pytest.approx(-3.0)
    assert aerobic["tau2"] == pytest.approx(0.0, abs=1e-9)
    assert aerobic["se"] == pytest.approx(0.408248, rel=1e-5)
    assert aerobic["ci_lower"] == pytest.approx(-4.756551, rel=1e-5)
    assert aerobic["ci_upper"] == pytest.approx(-1.243449, rel=1e-5)
    assert (aerobic["k"], aerobic["n_effects"], aerobic["n"]) == (3, 3, 86)
    assert exercise["estimate"] == pytest.approx(-3.0)
    assert exercise["se"] == pytest.approx(0.387298, rel=1e-5)
    assert [e["weight"] for e in exercise["effects"]] == pytest.approx([30, 30, 20, 20], rel=1e-5)
    assert (exercise["k"], exercise["n_effects"], exercise["n"]) == (3, 4, 102)
    assert claims["hiit_lowers_liver_fat"]["lines"][0]["status"] == "too_few"


def check_ledger(rows: list[dict]) -> None:
    fates = {
        int(r["row_id"].rpartition(":")[2]): r
        for r in rows
        if r["row_id"].startswith("mini/measurements.csv:")
    }
    assert sorted(fates) == list(range(2, 16))
    for line, row in fates.items():
        expected = FATES.get(line, ("used", "", ""))
        assert (row["status"], row["reason"], row["superseded_by"]) == expected, line
        # a row that no contrast needs may still give an uncontrolled change
        contrasts = [x for x in row["used_in"].split(";") if x and "-from-baseline:" not in x]
        assert bool(contrasts) == (row["status"] == "used" or line == 3)
    assert "alpha2015:ex-vs-con:liver_fat:MD" in fates[5]["used_in"].split(";")


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    return run_pipeline(make(tmp_path_factory.mktemp("three_trials") / "project"))


def test_effects(run):
    check_effects(run.derived.effects.to_dict("records"))


def test_claims(run):
    check_claims({c["claim"]: c for c in run.judged})


def test_ledger(run):
    check_ledger(run.ledger.to_dict("records"))


def test_weight_in_words_makes_a_trial_stable(run):
    stable = run.derived.effects.set_index("effect_id")["weight_stable"]
    assert stable["alpha2015:ex-vs-con:liver_fat:MD"] == "yes"
    assert stable["gamma2017:ae-vs-con:liver_fat:MD"] == "no"
    assert stable["gamma2017:hiit-vs-ae:liver_fat:MD"] == "unknown"
    assert stable["beta2016:ex-vs-con:liver_fat:MD"] == "unknown"


def test_words_alone_make_no_effect_and_no_verdict(run, tmp_path):
    root = make(tmp_path / "project")
    mini = root / "data/raw/mini"
    lines = (mini / "measurements.csv").read_text(encoding="utf-8").splitlines()
    (mini / "measurements.csv").write_text(f"{lines[0]}\n{lines[4]}\n", encoding="utf-8")
    write_checksums(mini)
    bare = run_pipeline(root)
    assert bare.derived.effects.empty
    assert list(bare.derived.effects.columns) == list(run.derived.effects.columns)
    assert {c["verdict"] for c in bare.judged} == {"untestable"}
    (row,) = bare.ledger[bare.ledger["row_id"] == "mini/measurements.csv:2"].to_dict("records")
    assert (row["status"], row["reason"]) == ("excluded", "direction_only")


@pytest.mark.slow
def test_workflow(tmp_path):
    root = make(tmp_path / "project")
    skip = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("workflow", "profiles"):
        shutil.copytree(ROOT / name, root / name, ignore=skip)
    shutil.copy(ROOT / "Snakefile", root / "Snakefile")
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2"],
        cwd=root,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results = root / "results"
    check_effects(table(results / "effects/effects.csv"))
    check_ledger(table(results / "harmonized/ledger.csv"))
    claims = {}
    for row in table(results / "claims/claims.csv"):
        path = results / f"claims/{row['claim']}.json"
        claims[row["claim"]] = json.loads(path.read_text(encoding="utf-8"))
        assert row["verdict"] == claims[row["claim"]]["verdict"]
    check_claims(claims)


def table(path: Path) -> list[dict]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
