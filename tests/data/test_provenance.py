"""What a run was made from."""

import subprocess

import pytest

from liverfit.data.provenance import fingerprint, provenance, revision_of
from liverfit.data.registry import write_checksums
from liverfit.store import checksum


def git(folder, *arguments):
    who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
    ran = subprocess.run(
        ["git", "-C", str(folder), *who, *arguments], capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    git(tmp_path, "init", "--quiet")
    (tmp_path / "code.py").write_text("x = 1\n")
    git(tmp_path, "add", "code.py")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    return tmp_path


def test_revision(repository):
    found = revision_of(repository)
    assert found["commit"] == git(repository, "rev-parse", "HEAD")
    assert found["date"] == git(repository, "log", "-1", "--format=%cI")
    assert found["modified"] is False


def test_local_changes_are_told_and_other_files_do_not_count(repository):
    (repository / "results.csv").write_text("a\n1\n")
    assert revision_of(repository)["modified"] is False
    (repository / "code.py").write_text("x = 2\n")
    assert revision_of(repository)["modified"] is True


def test_a_copy_inside_another_repository_has_no_revision(repository):
    copy = repository / "copy"
    copy.mkdir()
    (copy / "code.py").write_text("x = 3\n")
    assert revision_of(copy) == {"commit": None, "date": None, "modified": None}


@pytest.mark.parametrize("folder", [None, "/nowhere"])
def test_without_a_repository(folder, tmp_path):
    for place in (folder, tmp_path):
        assert revision_of(place) == {"commit": None, "date": None, "modified": None}


def test_fingerprint_tells_plans_apart():
    assert fingerprint({"a": [1, None]}) == fingerprint({"a": [1, None]})
    assert fingerprint({"a": 1}) != fingerprint({"a": 1.5})


def test_inputs_are_those_of_the_checksums(tmp_path):
    folder = tmp_path / "some_trials"
    folder.mkdir()
    for name in ("dataset.yaml", "trials.csv"):
        (folder / name).write_text(f"{name}\n")
    write_checksums(folder)
    made = provenance({"commit": "c", "date": "d", "modified": False}, "p", [folder])
    assert made["inputs"] == {
        "some_trials/dataset.yaml": checksum(folder / "dataset.yaml"),
        "some_trials/trials.csv": checksum(folder / "trials.csv"),
    }
    assert (made["commit"], made["plan_sha256"]) == ("c", "p")
    assert made["packages"]["numpy"]
