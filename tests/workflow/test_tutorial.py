"""The tutorial, its commands run as they stand, in a finished project."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT, clean_environment

pytestmark = pytest.mark.slow

TUTORIAL = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")


def test_the_tutorial_does_what_it_says(done):
    blocks = re.findall(r"^```console\n(.*?)^```", TUTORIAL, re.DOTALL | re.MULTILINE)
    commands = [line[2:] for block in blocks for line in block.splitlines()]
    assert commands.pop(0) == "source .venv/bin/activate"
    assert len(commands) > 8
    before = done.results()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    said = {}
    for command in commands:
        ran = subprocess.run(
            ["bash", "-c", command],
            cwd=done.root,
            env=clean_environment() | {"PATH": path},
            capture_output=True,
            text=True,
        )
        allowed = (0, 1) if command == "liverfit diff" else (0,)
        assert ran.returncode in allowed, f"{command}\n{ran.stdout}{ran.stderr}"
        said.setdefault(command, ran.stdout + ran.stderr)  # snakemake stands there three times
    assert "Nothing to be done" in said["snakemake"]
    assert "interval_trials/measurements.csv:2" in said["liverfit trace hiit_lowers_liver_fat"]
    assert "results are what was written" in said["snakemake verify"]
    assert done.results() == before
