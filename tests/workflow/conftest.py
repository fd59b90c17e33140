"""A small project: the real workflow and package, three trials in two data sets, three claims."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from liverfit.data.registry import write_checksums
from liverfit.data.schema import TABLES

ROOT = Path(__file__).resolve().parents[2]
# Networks of one outcome and measure: that is enough of them, and a third of the time.
NETWORKS = """\
  fitted:
    liver_fat: [MD]
  profile:
    liver_fat: MD
  sensitivity_estimator: DL
"""
CLAIMS = ("exercise_lowers_liver_fat", "aerobic_lowers_liver_fat", "hiit_lowers_liver_fat")
SOURCE = "https://example.org/paper"
TRIAL = {
    "year": "2015",
    "design": "parallel_rct",
    "randomised": "yes",
    "condition": "nafld",
    "diet_cointervention": "none",
    "liver_fat_method": "1H-MRS",
    "weight_result": "no_change",
    "source_url": SOURCE,
    "extractors": "E1",
}
ARM = {"n_analysed": "20", "weeks": "12", "source_url": SOURCE, "lead_extractor": "E1"}
CHANGE = {
    "outcome": "liver_fat",
    "method": "1H-MRS",
    "unit": "percent",
    "timepoint": "change",
    "week": "12",
    "n": "20",
    "center_type": "mean",
    "spread_type": "sd",
    "spread": "2.0",
    "location": "table",
    "source_type": "primary",
    "source_url": SOURCE,
    "extractor": "E1",
}
REVIEW = {
    "review_id": "review2020",
    "first_author": "Reviewer",
    "year": "2020",
    "outcome": "liver_fat",
    "comparison": "exercise vs control",
    "measure": "MD",
    "unit": "percent",
    "estimate": "-2.5",
    "ci_lower": "-3.5",
    "ci_upper": "-1.5",
    "k": "9",
    "as_reported": "-2.5 (-3.5 to -1.5)",
    "source_url": SOURCE,
    "extractor": "E1",
}
TRIAL_EFFECT = {
    "review_id": "review2020",
    "trial_label": "Alpha 2015",
    "outcome": "liver_fat",
    "comparison": "exercise vs control",
    "measure": "MD",
    "as_reported": "-3.3",
    "source_url": SOURCE,
    "extractor": "E1",
}
# data set -> trial -> (modality, change with exercise, change without)
TRIALS = {
    "aerobic_trials": {
        "alpha2015": ("aerobic", "-3.2", "0.1"),
        "beta2016": ("aerobic", "-2.1", "-0.3"),
    },
    "interval_trials": {"gamma2017": ("hiit", "-1.4", "0.2")},
}


def write_csv(path: Path, table: str, rows: list[dict]) -> None:
    """Write rows as a raw table with all its columns."""
    names = TABLES[table].names
    lines = [",".join(names), *(",".join(row.get(name, "") for name in names) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_dataset(folder: Path, form: str, tables: dict[str, list[dict]]) -> None:
    """Write a raw data set with its descriptor and checksums."""
    folder.mkdir(parents=True)
    for name, rows in tables.items():
        write_csv(folder / f"{name}.csv", name, rows)
    descriptor = {
        "title": folder.name,
        "description": "Made up for the tests.",
        "citation": "Nobody",
        "licence": "CC-BY-4.0",
        "contact": "Nobody",
        "format": form,
        "files": {
            name: {"file": f"{name}.csv", "delimiter": ",", "encoding": "utf-8"} for name in tables
        },
    }
    if form == "arms":
        descriptor["interventions"] = ["exercise"]
    (folder / "dataset.yaml").write_text(yaml.safe_dump(descriptor))
    write_checksums(folder)


def trial_tables(trials: dict) -> dict[str, list[dict]]:
    """Return the three tables of trials with an exercising and a control arm."""
    rows: dict[str, list[dict]] = {"trials": [], "arms": [], "measurements": []}
    for trial, (modality, with_exercise, without) in trials.items():
        author = trial[:-4].title()
        rows["trials"].append({**TRIAL, "trial_id": trial, "first_author": author})
        sides = (
            ("ex", "intervention", modality, with_exercise),
            ("con", "control", "control", without),
        )
        for arm, role, kind, change in sides:
            ids = {"trial_id": trial, "arm_id": arm}
            rows["arms"].append({**ARM, **ids, "arm_label": arm, "role": role, "modality": kind})
            rows["measurements"].append({**CHANGE, **ids, "center": change})
    return rows


@dataclass
class Project:
    """A copy of the project in a temporary folder."""

    root: Path

    def snakemake(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        """Run snakemake in the project and return the finished process with its text."""
        return subprocess.run(
            [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
            cwd=options.pop("cwd", self.root),
            env=clean_environment() | options.pop("environment", {}),
            capture_output=True,
            text=True,
            **options,
        )

    def run(self, *arguments: str) -> dict[str, int]:
        """Run to the end and return how many jobs of each rule ran."""
        done = self.snakemake(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return finished(done.stdout + done.stderr)

    def planned(self, *arguments: str) -> dict[str, int]:
        """Return the jobs that a dry run plans, by rule."""
        done = self.snakemake("--dry-run", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        table = done.stdout.partition("Job stats:")[2].partition("total")[0]
        jobs = dict(re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE))
        return {rule: int(count) for rule, count in jobs.items()}

    def results(self) -> dict[str, bytes]:
        """Return every result by its path."""
        folder = self.root / "results"
        files = (path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    def edit(self, file: str, old: str, new: str) -> Path:
        """Replace the first occurrence of a text in a file."""
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return path


def clean_environment() -> dict[str, str]:
    """The environment without what would point to the package under test in the real project."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def finished(text: str) -> dict[str, int]:
    """Count the jobs that ran, by rule."""
    rules = re.findall(r"^Finished jobid: \d+ \(Rule: (\w+)\)$", text, re.MULTILINE)
    return {rule: rules.count(rule) for rule in dict.fromkeys(rules)}


def make_project(root: Path) -> Project:
    """Copy the workflow, the package and the plan, and write small raw data and claims."""
    skip = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("workflow", "profiles", "config"):
        shutil.copytree(ROOT / name, root / name, ignore=skip)
    shutil.copy(ROOT / "Snakefile", root / "Snakefile")
    claims = yaml.safe_load((ROOT / "config/claims.yaml").read_text(encoding="utf-8"))
    kept = [claim for claim in claims["claims"] if claim["id"] in CLAIMS]
    assert len(kept) == len(CLAIMS)
    (root / "config/claims.yaml").write_text(
        yaml.dump({"claims": kept}, Dumper=NoAliases, sort_keys=False, allow_unicode=True)
    )
    config = root / "config/config.yaml"
    text = config.read_text(encoding="utf-8")
    start, rest = text.split("  fitted:\n", 1)
    config.write_text(start + NETWORKS + rest.split("sensitivity_estimator: DL\n", 1)[1])
    for name, trials in TRIALS.items():
        write_dataset(root / "data/raw" / name, "arms", trial_tables(trials))
    reviews = {"reviews": [REVIEW], "trial_effects": [TRIAL_EFFECT]}
    write_dataset(root / "data/raw/reviews", "reviews", reviews)
    return Project(root)


class NoAliases(yaml.SafeDumper):
    """Writes every claim in full, so that editing one leaves the others alone."""

    def ignore_aliases(self, data) -> bool:
        return True


@pytest.fixture(scope="session")
def pristine(tmp_path_factory) -> Project:
    """A project that never runs; only to be copied, so that all copies have the same code."""
    return make_project(tmp_path_factory.mktemp("pristine") / "project")


@pytest.fixture(scope="session")
def finished_project(pristine, tmp_path_factory) -> Project:
    """A project that has run once; only to be copied."""
    project = copied(pristine, tmp_path_factory.mktemp("finished") / "project")
    project.run()
    return project


def copied(project: Project, root: Path) -> Project:
    """Copy a project with its dates and Snakemake's records."""
    shutil.copytree(project.root, root)
    return Project(root)


@pytest.fixture
def project(pristine, tmp_path) -> Project:
    """A project that has not run."""
    return copied(pristine, tmp_path / "project")


@pytest.fixture
def done(finished_project, tmp_path) -> Project:
    """A project that has run."""
    return copied(finished_project, tmp_path / "finished")
