"""The profile for Slurm fits the rules: groups of rules that there are, resources that grow."""

from __future__ import annotations

import re

import pytest
import yaml

from liverfit.sources import PACKAGE

PROJECT = PACKAGE.parents[1]
# not small: each part is a Slurm job of its own; notebooks are made when asked for
ALONE = {"evaluate_multiverse_chunk", "simulate_claim", "run_notebook"}


def rules() -> dict[str, str]:
    """The text of every rule and checkpoint by name."""
    text = "\n\n".join(
        path.read_text(encoding="utf-8") for path in sorted(PACKAGE.parent.glob("rules/*.smk"))
    )
    parts = re.split(r"^(?:rule|checkpoint) (\w+):\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.fixture(scope="module")
def profile() -> dict:
    return yaml.safe_load((PROJECT / "profiles/slurm/profile.yaml").read_text(encoding="utf-8"))


def local() -> set[str]:
    """The rules that the head process does itself."""
    return {name for name, text in rules().items() if "localrule: True" in text}


def test_every_rule_is_local_or_in_a_group_or_meant_to_be_a_job_of_its_own(profile):
    assert local()
    assert set(profile["groups"]) == set(rules()) - local() - ALONE
    assert set(profile["groups"].values()) == set(profile["group-components"])


def test_there_is_one_checkpoint():
    """Snakemake 9.27 doubles grouped jobs that depend on two, and may end early, with success."""
    files = PACKAGE.parent.glob("rules/*.smk")
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    assert re.findall(r"^checkpoint (\w+):$", text, re.MULTILINE) == ["select_evidence"]


def test_every_rule_states_memory_and_time_that_grow_with_the_attempt_and_takes_one_core(profile):
    assert profile["cores"] == 1
    for name in rules():
        assert not re.search(r"^    threads:|cpus_per_task", rules()[name], re.MULTILINE), name
        growing = r"^        (mem_mb|runtime)=growing\(\d+\),$"
        stated = re.findall(growing, rules()[name], re.MULTILINE)
        assert sorted(stated) == ["mem_mb", "runtime"], name


def test_what_is_no_matter_of_the_cluster_is_as_in_the_default_profile(profile):
    text = (PROJECT / "profiles/default/profile.yaml").read_text(encoding="utf-8")
    default = yaml.safe_load(text)
    assert {key: profile[key] for key in default if key != "cores"} == {
        key: value for key, value in default.items() if key != "cores"
    }


def test_the_profile_names_no_site(profile):
    assert not {"default-resources", "slurm-qos", "slurm-reservation"} & set(profile)


def times(text: str) -> int:
    """How often a step is in the default plan, by the wildcard of its results."""
    config, claims = (
        yaml.safe_load((PROJECT / f"config/{name}.yaml").read_text(encoding="utf-8"))
        for name in ("config", "claims")
    )
    instances = {
        "claim": len(claims["claims"]),
        "network": sum(len(measures) for measures in config["networks"]["fitted"].values()),
        "moderator": 5,
        "dataset": 10,
    }
    output = text.partition("    output:")[2].partition("    log:")[0]
    return max([instances.get(name, 1) for name in re.findall(r"\{(\w+)\}", output)], default=1)


def test_no_group_asks_for_more_than_two_hours(profile):
    """Slurm holds back for good what exceeds a partition's limit, and short ones have two hours."""
    minutes = dict.fromkeys(profile["group-components"], 0)
    for name, group in profile["groups"].items():
        stated = int(re.search(r"runtime=growing\((\d+)\)", rules()[name])[1])
        # a claim's steps follow from each other; all others may be in one job
        chains = profile["group-components"][group]
        count = chains if group in ("judged", "claim") else times(rules()[name])
        minutes[group] += stated * count
    assert {group: total for group, total in minutes.items() if total > 120} == {}
    assert minutes["evidence"] >= 60, "the steps of all claims are counted"
