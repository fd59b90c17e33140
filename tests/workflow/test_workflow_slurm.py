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


def test_groups_are_of_rules_that_there_are(profile):
    local = {name for name, text in rules().items() if "localrule: True" in text}
    assert local
    assert set(profile["groups"]) <= set(rules()) - local - ALONE
    assert set(profile["groups"].values()) == set(profile["group-components"])


def test_memory_and_time_of_the_rules_grow_with_the_attempt(profile):
    for name in {*profile["groups"], *ALONE}:
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
