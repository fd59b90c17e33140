"""What tests of several parts share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from pipeline import Run, run_pipeline, write_results

ROOT = Path(__file__).resolve().parents[1]

# A busy machine is no fault of what is tested.
settings.register_profile("liverfit", deadline=None)
settings.load_profile("liverfit")


@pytest.fixture(scope="session")
def real_run() -> Run:
    """The pipeline on the project's own data and plan, run once a session."""
    return run_pipeline(ROOT)


@pytest.fixture(scope="session")
def three_trials(tmp_path_factory) -> Path:
    """A project of three made-up trials with its results; not to be written to."""
    root = tmp_path_factory.mktemp("traced") / "project"
    shutil.copytree(ROOT / "config", root / "config")
    shutil.copytree(ROOT / "tests/fixtures/three_trials", root, dirs_exist_ok=True)
    write_results(run_pipeline(root), root / "results")
    return root
