"""docs/adding-data.md followed to the letter: what it shows is what happens."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
import yaml
from guide import Command, Content, follow, steps

ROOT = Path(__file__).resolve().parents[2]
GUIDE = steps((ROOT / "docs/adding-data.md").read_text(encoding="utf-8"))
RUNS = [at for at, s in enumerate(GUIDE) if isinstance(s, Command) and s.line == "snakemake"]


def follow_and_compare(parts: list[Command | Content], root: Path) -> None:
    """Follow steps; every line that the guide shows is in the output, in order."""
    for step in parts:
        output = follow(step, root)
        at = 0
        for line in getattr(step, "shown", []):
            found = output.find(line, at)
            assert found >= 0, f"$ {step.line}\nshows {line!r}, printed\n{output}"
            at = found + len(line)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project on three made-up trials and two claims, with few simulations."""
    root = tmp_path / "project"
    skip = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("workflow", "profiles", "config"):
        shutil.copytree(ROOT / name, root / name, ignore=skip)
    shutil.copy(ROOT / "Snakefile", root / "Snakefile")
    shutil.copytree(ROOT / "tests/fixtures/three_trials/data", root / "data")
    claims = yaml.safe_load((ROOT / "tests/fixtures/three_trials/config/claims.yaml").read_text())
    (root / "config/claims.yaml").write_text(yaml.dump({"claims": claims["claims"][:1]}))
    path = root / "config/config.yaml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    config["calibration"] |= {"simulations": 100, "simulations_one_by_one": 100}
    path.write_text(yaml.dump(config, allow_unicode=True), encoding="utf-8")
    return root


def test_up_to_the_check(project: Path) -> None:
    assert any(isinstance(step, Content) for step in GUIDE)
    follow_and_compare(GUIDE[: RUNS[0]], project)


@pytest.mark.slow
def test_the_whole_guide(project: Path) -> None:
    follow(Command("snakemake", []), project)
    follow_and_compare(GUIDE[: RUNS[0] + 1], project)
    forest = project / "results/figures/forest_aerobic_lowers_liver_fat"
    assert "Doe 2030" in forest.with_suffix(".svg").read_text(encoding="utf-8")
    with forest.with_suffix(".csv").open(encoding="utf-8") as file:
        assert "doe2030" in {row["trial_id"] for row in csv.DictReader(file)}
    with (project / "results/harmonized/ledger.csv").open(encoding="utf-8") as file:
        fates = {
            r["row_id"]: r for r in csv.DictReader(file) if r["row_id"].startswith("my_trials/")
        }
    assert len(fates) == 5
    assert {r["status"] for r in fates.values()} == {"used"}
    assert "doe2030:ex-vs-con:liver_fat:MD" in fates["my_trials/measurements.csv:2"]["used_in"]
    follow_and_compare(GUIDE[RUNS[0] + 1 :], project)
    assert not (project / "results/ingested/my_trials.json").exists()
    assert "Doe 2030" not in forest.with_suffix(".svg").read_text(encoding="utf-8")
