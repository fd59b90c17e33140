"""The workflow on a real Slurm: the same results as on one machine, also when things go wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from cluster_project import CLAIM
from slurm_cluster import ACCOUNT, PARTITION, wait_for

MULTIVERSE = (
    f"multiverse/{CLAIM}.json",
    f"multiverse/{CLAIM}.csv",
    f"multiverse/curves/{CLAIM}.csv",
)
TARGET = f"results/multiverse/{CLAIM}.json"


def running(project) -> str:
    """Wait until a job of the project's latest run is at work, and return its id."""
    wait_for(project.run_ids, "a run", 300)
    job: list[str] = []

    def found() -> bool:
        job[:] = project.cluster.command(
            "squeue", "-h", "--states", "RUNNING", "--name", project.run_ids()[-1], "-o", "%i"
        ).split()
        return bool(job)

    wait_for(found, "a running job", 600)
    return job[0]


def ended(project) -> dict[str, dict]:
    """The jobs of a project's runs that accounting knows as ended, by id."""
    names = project.run_ids()
    return {job["jobid"]: job for job in project.cluster.history() if job["jobname"] in names}


def test_a_run_through_the_profile_gives_the_same_bytes(whole, local):
    tables = whole.tables()
    assert tables.keys() == local.keys()
    assert [name for name, content in local.items() if tables[name] != content] == []
    jobs = ended(whole).values()
    assert {job["state"] for job in jobs} == {"COMPLETED"}
    assert {(job["account"], job["partition"]) for job in jobs} == {(ACCOUNT, PARTITION)}
    steps = whole.told().count("Finished jobid:")
    assert len(jobs) < steps / 3, "small steps share a job"
    assert all(job["comment"].startswith("rule_") for job in jobs)


def test_a_cancelled_job_is_tried_again(done, local):
    done.remove(*MULTIVERSE)
    head = done.start(TARGET)
    job = running(done)
    done.cluster.command("scancel", job)
    done.finish(head)
    jobs = ended(done)
    assert jobs.pop(job)["state"].startswith("CANCELLED")
    (again,) = jobs.values()
    assert (again["state"], again["timelimit"]) == ("COMPLETED", "00:20:00"), "twice the time"
    assert done.tables() == local


def test_a_job_over_its_memory_succeeds_at_its_second_attempt(done, local):
    done.remove(*MULTIVERSE)
    grown = "evaluate_multiverse:mem_mb=50*40**(attempt-1)"
    done.finish(done.start(TARGET, "--set-resources", grown))
    first, second = sorted(ended(done).values(), key=lambda job: int(job["jobid"]))
    assert (first["reqmem"], second["reqmem"]) == ("50M", "2000M")
    assert first["state"].split()[0] in ("OUT_OF_MEMORY", "CANCELLED", "FAILED")
    assert second["state"] == "COMPLETED"
    assert done.tables() == local


def test_a_controller_that_restarts_loses_no_job(done, local):
    done.remove(*MULTIVERSE)
    head = done.start(TARGET)
    job = running(done)
    done.cluster.stop("slurmctld", signal.SIGTERM)
    assert head.poll() is None
    done.cluster.start_controller()
    done.finish(head)
    assert {number: j["state"] for number, j in ended(done).items()} == {job: "COMPLETED"}
    assert done.tables() == local


def test_a_killed_head_process_is_started_again(done, local):
    """As docs/cluster.md says: end its jobs, unlock, start again."""
    done.remove(*MULTIVERSE)
    head = done.start(TARGET)
    running(done)
    os.killpg(head.pid, signal.SIGKILL)
    head.wait()
    cluster = done.cluster
    cluster.command("scancel", "--name", done.run_ids()[0])
    unlocked = subprocess.run([sys.executable, "-m", "snakemake", "--unlock"], cwd=done.root)
    assert unlocked.returncode == 0
    done.finish(done.start(TARGET))
    assert len(set(done.run_ids())) == 2
    assert done.tables() == local


def test_what_is_started_ends(cluster):
    """A cluster beside this one, with a job at work, leaves no process and no file."""
    from slurm_cluster import SlurmCluster

    other = SlurmCluster()
    with other:
        other.command("sbatch", "-A", ACCOUNT, "-p", PARTITION, "-o", "/dev/null", "--wrap",
                      "sleep 600")  # fmt: skip
        wait_for(lambda: other.jobs("RUNNING"), "a running job")
        started = other.leftovers()
        assert any("sleep" in process.name() for process in started)
    assert not any(process.is_running() and process.status() != "zombie" for process in started)
    assert not other.folder.exists()
    assert cluster.idle()
