"""A guide in Markdown as steps to follow: commands with their output, and file contents."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"^(As|In place of the examples in) `([^`]+)`:$")


@dataclass
class Command:
    """A command of a console block, and the lines that the guide shows below it."""

    line: str
    shown: list[str]


@dataclass
class Content:
    """What a file is to hold, or to hold below its header."""

    path: str
    text: str
    below_header: bool


def steps(text: str) -> list[Command | Content]:
    """Return what the guide says to do, in order; every fenced block is a step."""
    found: list[Command | Content] = []
    for match in _BLOCK.finditer(text):
        kind, body = match.groups()
        if kind == "console":
            for line in body.splitlines():
                if line.startswith("$ "):
                    found.append(Command(line[2:], []))
                else:
                    found[-1].shown.append(line)
        else:
            before = text[: match.start()].rstrip().splitlines()[-1]
            named = _FILE.match(before)
            if named is None:
                raise ValueError(f"a {kind} block without a file: {before!r}")
            found.append(Content(named[2], body, named[1] != "As"))
    return found


def follow(step: Command | Content, root: Path) -> str:
    """Do one step in a project and return what was printed."""
    if isinstance(step, Content):
        path = root / step.path
        header = ""
        if step.below_header:
            header, *examples = path.read_text(encoding="utf-8").splitlines(keepends=True)
            assert examples
            assert all(line.startswith("# ") for line in examples)
        path.write_text(header + step.text, encoding="utf-8")
        return ""
    inherited = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "FORCE_COLOR")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", step.line],
        cwd=root,
        env={**inherited, "PATH": path},
        capture_output=True,
        text=True,
    )
    # what these two find is no failure of the command
    finds = step.line.startswith(("liverfit diff", "liverfit check"))
    allowed = (0, 1) if finds else (0,)
    assert done.returncode in allowed, f"{step.line}\n{done.stdout}{done.stderr}"
    return done.stdout
