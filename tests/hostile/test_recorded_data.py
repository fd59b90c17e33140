"""Damage to data whose checksums were written before it: nothing passes, and it is told where."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest
from case import Case, Place, blocks
from corpus import MUTATIONS, ROOT, SEED

from liverfit.data.changes import changed_since_recorded
from liverfit.data.registry import SUMS, verify_checksums

PART = blocks(ROOT / "data/raw/exercise_trials", SEED)[0]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Path:
    """Six trials of a real data set with their checksums, committed."""
    folder = PART.write(tmp_path_factory.mktemp("recorded"))
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "data")):
        subprocess.run(["git", *who, "-C", str(folder), *words], check=True, capture_output=True)
    return folder


# what is no change of a file: the folder's own name, or a link in its place
OF_THE_FOLDER = {name for name in MUTATIONS if name.startswith(("name_", "folder_"))}


def damage(name: str) -> tuple[Case, list[Place]]:
    for attempt in range(30):
        case = PART.copy(random.Random(f"recorded:{name}:{attempt}"))
        places = MUTATIONS[name](case)
        changed = case.files or case.after or case.descriptor != PART.descriptor
        if places is not None and (changed or case.tables != PART.tables):
            return case, places
    pytest.skip("these six trials hold nothing that this class could damage")


def replaced(recorded: Path, case: Case, root: Path) -> Path:
    """The recorded data set with the damaged files in place of its own."""
    folder, damaged = root / recorded.name, case.write(root / "damaged")
    shutil.copytree(recorded, folder)
    for path in [*folder.iterdir()]:
        if path.name not in (".git", SUMS):
            path.unlink()
    for path in damaged.iterdir():
        target = folder / path.name
        if path.is_symlink():
            target.symlink_to(path.readlink())
        elif path.is_dir():
            target.mkdir()
        elif path.name != SUMS and path.is_file():
            shutil.copyfile(path, target)
    return folder


@pytest.mark.parametrize("name", [n for n in MUTATIONS if n not in OF_THE_FOLDER])
def test_no_class_of_damage_passes(recorded: Path, name: str, tmp_path: Path) -> None:
    case, places = damage(name)
    if case.name != PART.name:
        pytest.skip("a name, which no checksum holds")
    folder = replaced(recorded, case, tmp_path)
    refused = verify_checksums(folder)
    assert refused, "the workflow stops"
    assert {f.severity for f in refused} == {"error"}
    told = {(Path(f.path).name, f.line) for f in changed_since_recorded(folder)}
    for table, line in [] if case.after else places:
        lines = [at for name, at in told if name == table]
        assert lines
        # of rows that are alike either may be told as the new one
        near = line is None or any(at is None or abs(at - line) <= 1 for at in lines)
        assert near or name.startswith("duplicated"), (table, line, lines)
