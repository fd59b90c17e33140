from __future__ import annotations

from pathlib import Path

import pytest
from small_dataset import Folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A valid data set `data/raw/mini` below the working folder."""
    monkeypatch.chdir(tmp_path)
    return Folder(tmp_path / "data" / "raw" / "mini")


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a data set `data/raw/mine` of another format is to be written."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data/raw/mine"
