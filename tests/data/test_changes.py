"""What changed since the checksums were written: each cell beside what it was."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from small_dataset import Folder
from typer.testing import CliRunner

from liverfit.cli import app
from liverfit.data.changes import changed_since_recorded
from liverfit.data.registry import write_checksums


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, "-C", str(root), *arguments], check=True, capture_output=True)


def commit(root: Path) -> None:
    git(root, "add", "-A")
    git(root, "commit", "-qm", "data")


@pytest.fixture
def kept(folder: Folder) -> Path:
    """A small data set with its checksums, under version control."""
    folder.build()
    write_checksums(folder.path)
    git(folder.path, "init", "-q")
    commit(folder.path)
    return folder.path


def told(path: Path) -> list[tuple]:
    return [(Path(f.path).name, f.line, f.column, f.what) for f in changed_since_recorded(path)]


def rewrite(path: Path, change) -> None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(change(lines)), encoding="utf-8")


def test_nothing_is_told_of_what_did_not_change(kept):
    assert told(kept) == []


def test_a_cell_is_told_with_its_place_and_what_it_was(kept):
    table = kept / "measurements.csv"
    rewrite(table, lambda lines: [line.replace("-3.2", "-3.3") for line in lines])
    found = told(kept)
    assert ("measurements.csv", 2, "center", "'-3.3' was '-3.2'") in found
    assert {line for _, line, _, _ in found} == {2}
    assert all(f.severity == "warning" for f in changed_since_recorded(kept))


def test_a_row_that_is_gone_and_one_that_is_new(kept):
    table = kept / "measurements.csv"
    rewrite(table, lambda lines: [lines[0], *lines[2:], lines[2].replace("post", "change")])
    found = told(kept)
    assert any(line == 2 and "is gone that stood here" in what for _, line, _, what in found)
    assert any("row is new" in what for *_, what in found)


def test_rows_that_changed_places(kept):
    """Another order of rows changes no number, and is told all the same."""
    rewrite(kept / "arms.csv", lambda lines: [lines[0], *reversed(lines[1:])])
    assert told(kept)


def test_a_line_of_the_description(kept):
    rewrite(kept / "dataset.yaml", lambda lines: ["title: Another\n", *lines[1:]])
    ((name, line, column, what),) = told(kept)
    assert (name, line, column) == ("dataset.yaml", 1, None)
    assert what.startswith("'title: Another' was ")


def test_what_changed_but_the_cells(kept):
    table = kept / "arms.csv"
    table.write_bytes(table.read_bytes().replace(b"\n", b"\r\n"))
    assert [what for *_, what in told(kept)] == ["the file changed, though no cell did"]


def test_a_commit_without_new_checksums_hides_nothing(kept):
    rewrite(kept / "measurements.csv", lambda ls: [line.replace("-3.2", "-3.3") for line in ls])
    commit(kept)
    assert any(what == "'-3.3' was '-3.2'" for *_, what in told(kept))


def test_nothing_is_told_of_data_that_were_never_committed(kept):
    shutil.rmtree(kept / ".git")
    rewrite(kept / "measurements.csv", lambda ls: [line.replace("-3.2", "-3.3") for line in ls])
    assert told(kept) == []
    checked = CliRunner().invoke(app, ["check", "mini"])
    assert "the content is not what SHA256SUMS line" in checked.output


def test_the_commands_tell_them(kept):
    rewrite(kept / "measurements.csv", lambda ls: [line.replace("-3.2", "-3.3") for line in ls])
    words = "data/raw/mini/measurements.csv:2: center: warning: '-3.3' was '-3.2'"
    checked = CliRunner().invoke(app, ["check", "mini"])
    assert checked.exit_code == 1
    assert words in checked.output
    renewed = CliRunner().invoke(app, ["checksum", "mini"])
    assert renewed.exit_code == 0
    assert words in renewed.output
    assert words not in CliRunner().invoke(app, ["check", "mini"]).output
