"""The stored reference numbers of the full-covariance models come out of their R scripts again."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "reference"
# The numbers of R's optimisers depend on the machine in their last digits.
RELATIVE = {"meta_dose": 1e-4, "meta_multilevel": 1e-4, "meta_multivariate": 1e-3}


@cache
def r_is_present() -> bool:
    if shutil.which("Rscript") is None:
        return False
    code = "library(metafor); library(clubSandwich); library(jsonlite)"
    return subprocess.run(["Rscript", "-e", code], capture_output=True, check=False).returncode == 0


def compare(old: Any, new: Any, relative: float, path: str) -> None:
    if isinstance(old, dict):
        assert old.keys() == new.keys(), path
        for key in old:
            compare(old[key], new[key], relative, f"{path}/{key}")
    elif isinstance(old, list):
        assert len(old) == len(new), path
        for i, (a, b) in enumerate(zip(old, new, strict=True)):
            compare(a, b, relative, f"{path}/{i}")
    elif isinstance(old, float | int) and not isinstance(old, bool):
        assert new == pytest.approx(old, rel=relative, abs=1e-6), path
    else:
        assert old == new, path


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["meta_multilevel", "meta_multivariate", "meta_network", "meta_dose"]
)
def test_r_gives_the_stored_numbers(name: str, tmp_path: Path) -> None:
    if not r_is_present():
        pytest.skip("Rscript with metafor, clubSandwich and jsonlite is not installed")
    subprocess.run(["Rscript", str(FOLDER / f"{name}.R"), str(tmp_path)], check=True)
    old = json.loads((FOLDER / f"{name}.json").read_text())
    new = json.loads((tmp_path / f"{name}.json").read_text())
    old.pop("versions")
    new.pop("versions")
    compare(old, new, RELATIVE.get(name, 1e-5), name)
