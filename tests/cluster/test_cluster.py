"""The workflow on a real Slurm: the same results as on one machine."""

from __future__ import annotations

from slurm_cluster import ACCOUNT, PARTITION


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
