"""A project of three trials, run on this machine and on a small Slurm cluster."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cluster_project import CLAIM, DIVIDED, Project, rewrite
from slurm_cluster import SlurmCluster, install, missing

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 3600  # seconds for the whole run; minutes where the machine has nothing else to do
ASKED = bool(os.environ.get("LIVERFIT_TEST_CLUSTER"))


def pytest_collection_modifyitems(items):
    """Leave the tests of this folder out unless they were asked for and may be run."""
    reason = "" if ASKED else "asked for with `make test-cluster`"
    if ASKED and os.geteuid():
        reason = "a Slurm cluster of one's own needs root"
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.cluster)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def plan(tmp_path_factory) -> Project:
    """A project that never runs: one claim and one network on three trials."""
    root = tmp_path_factory.mktemp("plan") / "project"
    skip = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("workflow", "profiles", "config"):
        shutil.copytree(ROOT / name, root / name, ignore=skip)
    shutil.copy(ROOT / "Snakefile", root / "Snakefile")
    shutil.copytree(ROOT / "tests/fixtures/three_trials", root, dirs_exist_ok=True)
    rewrite(root / "config/claims.yaml", lambda content: content["claims"].__setitem__(
        slice(None), [claim for claim in content["claims"] if claim["id"] == CLAIM]))  # fmt: skip
    rewrite(root / "config/config.yaml", lambda content: content["networks"].update(
        fitted={"liver_fat": ["MD"]}, profile={"liver_fat": "MD"}))  # fmt: skip
    return Project(root)


@pytest.fixture(scope="session")
def begun(plan, tmp_path_factory):
    """A run without a cluster, at work while the cluster is."""
    project = plan.copy(tmp_path_factory.mktemp("local") / "project")
    with (project.root / "head.log").open("wb") as log:
        command = [sys.executable, "-m", "snakemake"]
        run = subprocess.Popen(command, cwd=project.root, stdout=log, stderr=log)
    yield project, run
    run.kill()
    run.wait()


@pytest.fixture(scope="session")
def local(begun) -> dict[str, bytes]:
    """The tables of the run without a cluster."""
    project, run = begun
    assert run.wait(PATIENCE) == 0, project.told()
    return project.tables()


@pytest.fixture(scope="session")
def cluster():
    """The cluster, with its packages installed where they are missing."""
    if missing():
        install()
    running = SlurmCluster()
    with running:
        yield running
    assert not running.leftovers()


@pytest.fixture(scope="session")
def whole(plan, begun, cluster, tmp_path_factory) -> Project:
    """The project after a whole run on the cluster, in parts; only to be copied."""
    project = plan.copy(tmp_path_factory.mktemp("whole") / "project")
    project.cluster = cluster
    project.finish(project.start(*DIVIDED), PATIENCE)
    yield project
    project.end()
