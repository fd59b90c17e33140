"""Checksums, discovery, and what importing them costs."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from small_dataset import Folder, places

from liverfit.data.registry import list_datasets, verify_checksums, write_checksums


def test_checksums_are_those_of_sha256sum(folder: Folder) -> None:
    folder.build()
    lines = (folder.path / "SHA256SUMS").read_text().splitlines()
    digest = hashlib.sha256((folder.path / "arms.csv").read_bytes()).hexdigest()
    assert lines[0] == f"{digest}  arms.csv"
    assert [line[66:] for line in lines] == [
        "arms.csv",
        "dataset.yaml",
        "measurements.csv",
        "trials.csv",
    ]
    assert verify_checksums(folder.path) == []


def test_changed_absent_and_unlisted_files(folder: Folder) -> None:
    folder.build()
    (folder.path / "arms.csv").write_text("changed\n")
    (folder.path / "trials.csv").unlink()
    (folder.path / "extra.csv").write_text("x\n")
    (folder.path / "sub").mkdir()
    (folder.path / "README.md").write_text("free to change\n")
    found = verify_checksums(folder.path)
    assert places(found) == [
        ("arms.csv", None, None),
        ("trials.csv", None, None),
        ("extra.csv", None, None),
        ("sub", None, None),
    ]
    assert "SHA256SUMS line 1" in found[0].what
    assert "does not exist" in found[1].what
    assert "does not list" in found[2].what


@pytest.mark.parametrize(
    ("line", "fragment"),
    [
        ("nonsense", "is no checksum line"),
        (f"{'0' * 64}  ../../../etc/passwd", "leaves the folder"),
        (f"{'0' * 64}  /etc/passwd", "leaves the folder"),
        (f"{'0' * 63}  arms.csv", "is no checksum line"),
        (f"{'0' * 64}  arms.csv", "is listed twice"),
    ],
)
def test_bad_lines_are_located(folder: Folder, line: str, fragment: str) -> None:
    folder.build()
    sums = folder.path / "SHA256SUMS"
    sums.write_text(sums.read_text() + line + "\n")
    found = verify_checksums(folder.path)
    assert places(found) == [("SHA256SUMS", 5, None)]
    assert fragment in found[0].what


def test_missing_sums(folder: Folder) -> None:
    folder.build()
    (folder.path / "SHA256SUMS").unlink()
    assert places(verify_checksums(folder.path)) == [("SHA256SUMS", None, None)]
    write_checksums(folder.path)
    assert verify_checksums(folder.path) == []


def test_binary_sums_do_not_raise(folder: Folder) -> None:
    folder.build()
    (folder.path / "SHA256SUMS").write_bytes(bytes(range(256)) * 3)
    assert verify_checksums(folder.path)


def test_discovery(folder: Folder) -> None:
    folder.build()
    root = folder.path.parent
    (root / "Bad Name").mkdir()
    (root / ".hidden").mkdir()
    (root / "README.md").write_text("x")
    assert list_datasets(root) == ["Bad Name", "mini"]
    assert list_datasets(root / "nowhere") == []
    assert "cannot name a data set" in verify_checksums(root / "Bad Name")[0].what


def test_light_enough_for_the_parse_of_the_workflow() -> None:
    code = (
        "import sys; from pathlib import Path; from liverfit.data import registry, table, findings;"
        "registry.verify_checksums(Path('data/raw/curation'));"
        "heavy = {'pandas', 'numpy', 'yaml', 'jsonschema', 'typer'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)
    code = "import sys, liverfit.cli; sys.exit('pandas' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)
