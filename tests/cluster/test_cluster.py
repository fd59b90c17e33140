"""The workflow on a real Slurm: the same results as on one machine, also when things go wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from cluster_project import CLAIM, Project
from slurm_cluster import ACCOUNT, PARTITION, SlurmCluster, wait_for

STEP = "evaluate_multiverse"
TARGET = f"results/multiverse/{CLAIM}.json"
MADE = (
    f"multiverse/{CLAIM}.json",
    f"multiverse/{CLAIM}.csv",
    f"multiverse/curves/{CLAIM}.csv",
)


def cancelled(project: Project) -> None:
    head = project.start(TARGET)
    project.cluster.command("scancel", project.running())
    project.finish(head)


def over_memory(project: Project) -> None:
    """The first attempt has 50 MB, less than Python with its imports; the second has 2 GB."""
    project.finish(project.start(TARGET, "--set-resources", f"{STEP}:mem_mb=50*40**(attempt-1)"))


def over_time(project: Project) -> None:
    """The first attempt has a minute, and its script is halted; the second has seven."""
    head = project.start(TARGET, "--set-resources", f"{STEP}:runtime=6*attempt-5")
    scripts: list[psutil.Process] = []

    def found() -> bool:
        scripts[:] = project.processes(f".{STEP}.py")
        return bool(scripts)

    wait_for(found, "the script of a job", 600)
    for script in scripts:
        script.suspend()
    project.finish(head)


def killed_head(project: Project) -> None:
    """As docs/cluster.md says: end its jobs, unlock, start again."""
    head = project.start(TARGET)
    project.running()
    os.killpg(head.pid, signal.SIGKILL)
    head.wait()
    project.cluster.command("scancel", "--name", project.run_ids()[0])
    subprocess.run([sys.executable, "-m", "snakemake", "--unlock"], cwd=project.root, check=True)
    project.finish(project.start(TARGET))


def restarted_controller(project: Project) -> None:
    """The controller is away for long enough that the head process asks it in vain."""
    head = project.start(TARGET)
    project.running()
    project.cluster.stop("slurmctld", signal.SIGTERM)
    time.sleep(20)
    assert head.poll() is None, project.told()
    project.cluster.start_controller()
    project.finish(head)


@pytest.fixture(scope="module")
def after(whole, tmp_path_factory):
    """The project of a fault that has been run through; all but the controller's run at once."""
    faults = (cancelled, over_memory, over_time, killed_head)
    projects = {}
    for fault in (*faults, restarted_controller):
        project = whole.copy(tmp_path_factory.mktemp(fault.__name__) / "project")
        project.remove(*MADE)
        projects[fault.__name__] = project
    with ThreadPoolExecutor(len(faults)) as pool:
        runs = {fault: pool.submit(fault, projects[fault.__name__]) for fault in faults}

    def result(fault) -> Project:
        project = projects[fault.__name__]
        if fault in runs:
            runs[fault].result()
        else:
            fault(project)
        return project

    yield result
    for project in projects.values():
        project.end()


def states(project: Project) -> list[str]:
    """How the jobs of a project ended; a cancelled one without by whom."""
    return [job["state"].split()[0] for job in project.ended()]


def assert_as_without_faults(project: Project, local: dict[str, bytes]) -> None:
    tables = project.tables()
    assert tables.keys() == local.keys()
    assert [name for name, content in local.items() if tables[name] != content] == []
    wait_for(lambda: not project.processes(), f"an end of {project.processes()}", 30)


def test_a_run_through_the_profile_gives_the_same_bytes(whole, local):
    assert_as_without_faults(whole, local)
    jobs = whole.ended()
    assert {job["state"] for job in jobs} == {"COMPLETED"}
    assert {(job["account"], job["partition"]) for job in jobs} == {(ACCOUNT, PARTITION)}
    steps = whole.told().count("Finished jobid:")
    assert len(jobs) < steps / 3, "small steps share a job"
    assert all(job["comment"].startswith("rule_") for job in jobs)


def test_a_cancelled_job_is_tried_again(after, local):
    project = after(cancelled)
    assert states(project) == ["CANCELLED", "COMPLETED"]
    assert [job["timelimit"] for job in project.ended()] == ["00:10:00", "00:20:00"]
    assert_as_without_faults(project, local)


def test_a_job_over_its_memory_succeeds_at_its_second_attempt(after, local):
    project = after(over_memory)
    assert [job["reqmem"] for job in project.ended()] == ["50M", "2000M"]
    first, second = states(project)
    assert first in ("OUT_OF_MEMORY", "CANCELLED", "FAILED")
    assert second == "COMPLETED"
    assert_as_without_faults(project, local)


def test_a_job_over_its_time_succeeds_at_its_second_attempt(after, local):
    project = after(over_time)
    assert [job["timelimit"] for job in project.ended()] == ["00:01:00", "00:07:00"]
    assert states(project) == ["TIMEOUT", "COMPLETED"]
    assert_as_without_faults(project, local)


def test_a_killed_head_process_is_started_again(after, local):
    project = after(killed_head)
    assert len(set(project.run_ids())) == 2
    assert states(project) == ["CANCELLED", "COMPLETED"]
    assert_as_without_faults(project, local)


def test_a_controller_that_restarts_loses_no_job(after, local):
    project = after(restarted_controller)
    assert states(project) == ["COMPLETED"]
    assert_as_without_faults(project, local)


def test_what_is_started_ends(cluster):
    """A cluster beside this one, with a job at work, leaves no process and no file."""
    other = SlurmCluster()
    with other:
        other.command("sbatch", "-A", ACCOUNT, "-p", PARTITION, "-o", "/dev/null", "--wrap",
                      "sleep 600")  # fmt: skip
        wait_for(lambda: any(p.name() == "sleep" for p in other.leftovers()), "a job at work")
        started = other.leftovers()
    assert not any(process.is_running() and process.status() != "zombie" for process in started)
    assert not other.folder.exists()
    assert cluster.idle()
