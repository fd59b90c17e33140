"""Crashes and a hostile machine: kills, a full disk, a read-only folder, a second run at once."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from conftest import clean_environment
from liverfit import store

pytestmark = pytest.mark.slow

SNAKEMAKE = [sys.executable, "-m", "snakemake", "--cores", "2"]
STAGES = (
    "ingested/*.json",
    "harmonized/trials.csv",
    "effects/effects.csv",
    "evidence/*.json",
    "judged/*.json",
    "calibration/*.json",
    "multiverse/*.json",
    "claims/*.json",
    "figures/*.svg",
)


def start(project, *arguments):
    """Start a run in the background, in a process group of its own."""
    return subprocess.Popen(
        [*SNAKEMAKE, *arguments],
        cwd=project.root,
        env=clean_environment(),
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_until(run, ready, seconds=240):
    """Wait until ``ready`` says so, which has to be before the run ends."""
    limit = time.monotonic() + seconds
    while not ready() and run.poll() is None and time.monotonic() < limit:
        time.sleep(0.02)
    assert run.poll() is None, "the run ended before the fault: " + run.stdout.read()


def kill(run):
    """Kill the scheduler and its jobs at once."""
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()


def unlock(project):
    """Do what docs/after-a-crash.md says."""
    assert project.snakemake("--unlock").returncode == 0


def in_namespace(project, script):
    """Run a shell script where mounts are seen by nobody else; skip where that is not allowed."""
    isolate = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
    if not shutil.which("unshare") or subprocess.run([*isolate, "true"]).returncode:
        pytest.skip("mounts of one's own need Linux with user namespaces")
    return subprocess.run(
        [*isolate, script, "sh", *SNAKEMAKE],
        cwd=project.root,
        env=clean_environment(),
        capture_output=True,
        text=True,
    )


def test_killed_at_every_stage_it_ends_with_the_same_bytes(project, done):
    folder = project.root / "results"
    for stage in STAGES:
        run = start(project)
        wait_until(run, lambda stage=stage: list(folder.glob(stage)))
        kill(run)
        unlock(project)
        # Snakemake deletes a result before it makes it again, not the checksum beside it.
        results = [path.with_suffix("") for path in folder.rglob("*.sha256")]
        for path in results:
            assert not path.exists() or not store.problem(path), f"killed at {stage}"
    project.run()
    assert project.snakemake("prune").returncode == 0
    assert project.results() == done.results()


def test_a_full_disk_is_told_and_leaves_whole_files_only(project, done):
    ran = in_namespace(
        project,
        "mkdir results && mount -t tmpfs -o size=300k tmpfs results || exit 99; "
        '"$@"; code=$?; cp -a results kept; exit $code',
    )
    assert ran.returncode not in (0, 99), ran.stderr
    said = ran.stdout + ran.stderr
    assert "No space left on device" in said
    assert "Traceback" not in said
    shutil.rmtree(project.root / "results")
    (project.root / "kept").rename(project.root / "results")
    written = [path for path in (project.root / "results").rglob("*") if path.is_file()]
    assert written
    for path in written:
        assert path.suffix == store.SIDECAR or not store.problem(path)
    unlock(project)
    project.run()
    assert project.results() == done.results()


def test_results_that_may_not_be_written_stay_as_they_are(done):
    before = done.results()
    done.edit("config/config.yaml", "default: 0.5", "default: 0.6")
    ran = in_namespace(
        done,
        'mount --bind results results && mount -o remount,ro,bind results || exit 99; "$@"',
    )
    assert ran.returncode not in (0, 99), ran.stderr
    said = ran.stdout + ran.stderr
    named = said.partition("Write-protected output files")[2]
    assert "  results/" in named, said
    assert "Traceback" not in said
    assert done.results() == before
    done.edit("config/config.yaml", "default: 0.6", "default: 0.5")
    unlock(done)
    assert done.planned() == {}


def test_a_raw_file_that_changes_before_it_is_read_stops_the_run(project):
    begun = project.root / "logs/ingest"
    run = start(project, "--cores", "1")  # one job after another: the others have not begun
    wait_until(run, lambda: list(begun.glob("*.log")))
    name = sorted({"interval_trials", "aerobic_trials"} - {path.stem for path in begun.iterdir()})[
        0
    ]
    project.edit(f"data/raw/{name}/measurements.csv", "2.0", "2.5")
    said = run.communicate()[0]
    assert run.returncode
    assert f"data/raw/{name}/measurements.csv: the content is not what SHA256SUMS" in said
    assert "Traceback" not in said
    assert not (project.root / f"results/ingested/{name}.json").exists()


def test_a_raw_file_that_changes_after_it_was_read_stops_the_next_run(project, done):
    raw = project.root / "data/raw/interval_trials/measurements.csv"
    was = raw.read_bytes()
    run = start(project)
    wait_until(run, lambda: list((project.root / "results/effects").glob("effects.csv")))
    raw.write_bytes(was.replace(b"-1.4", b"-9.4"))
    said = run.communicate()[0]
    assert run.returncode == 0, said
    assert project.results() == done.results()
    again = project.snakemake()
    assert again.returncode
    assert "interval_trials/measurements.csv: the content is not what" in again.stderr
    raw.write_bytes(was)
    assert project.planned() == {}


def test_a_second_run_beside_the_first_is_refused(project, done):
    run = start(project)
    wait_until(run, lambda: list((project.root / "results").glob("ingested/*.json")))
    second = project.snakemake()
    assert second.returncode
    assert "Directory cannot be locked" in second.stderr
    said = run.communicate()[0]
    assert run.returncode == 0, said
    assert project.results() == done.results()


def test_spoilt_records_of_snakemake_cost_time_and_nothing_else(done):
    before = done.results()
    records = [path for path in (done.root / ".snakemake/metadata").rglob("*") if path.is_file()]
    assert records
    for number, path in enumerate(records):
        path.write_bytes((b"", b"{", b"null")[number % 3])
    ran = done.snakemake()
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert done.results() == before
    assert done.planned() == {}


def test_records_that_are_no_text_are_deleted_as_the_guide_says(done):
    before = done.results()
    folder = done.root / ".snakemake/metadata"
    next(path for path in folder.rglob("*") if path.is_file()).write_bytes(b"\xff\x00")
    ran = done.snakemake()
    assert ran.returncode
    assert "UnicodeDecodeError" in ran.stderr  # Snakemake's own; not ours to catch
    shutil.rmtree(folder)
    done.run()
    assert done.results() == before
    assert done.planned() == {}
