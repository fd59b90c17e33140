"""Links in the documentation resolve, and the commands it shows exist."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from urllib.parse import unquote

import pytest

from liverfit.cli import app

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = (".venv", ".site", ".snakemake", ".pytest_cache", "node_modules")
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in ROOT.rglob("*.md")
    if not set(path.relative_to(ROOT).parts) & set(SKIPPED)
    and (path.parent.name != "results" or path.name == "README.md")
    and path.name != "claims.md"
)
SHELL = (
    "mkdir",
    "cp",
    "cat",
    "head",
    "rm",
    "for",
    "echo",
    "awk",
    "grep",
    "sed",
    "source",
    "git",
    "cd",
    "python",
)
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def anchors(text: str) -> set[str]:
    """Anchors of the headings of a Markdown text, as the usual viewers make them."""
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def console_commands(name: str) -> list[str]:
    blocks = re.findall(r"^```console\n(.*?)^```", text_of(name), re.DOTALL | re.MULTILINE)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


COMMANDS = [(name, command) for name in DOCUMENTS for command in console_commands(name)]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_resolve(name):
    broken = []
    for target in LINK.findall(text_of(name)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        inside = file.exists() and file.resolve().is_relative_to(ROOT)
        if not inside or (anchor and anchor not in anchors(file.read_text(encoding="utf-8"))):
            broken.append(target)
    assert not broken


def test_a_broken_anchor_would_be_seen():
    assert anchors("# One\n\n## `two` and 3.") == {"one", "two-and-3"}
    assert LINK.findall("[a](b.md#c) ![d\ne](f.svg)") == ["b.md#c", "f.svg"]


def test_the_documents_show_commands():
    assert {name for name, _ in COMMANDS} >= {"README.md", "docs/adding-data.md"}


@pytest.mark.parametrize(("name", "command"), COMMANDS)
def test_commands_exist(name, command):
    word, *arguments = shlex.split(command)
    plain = [argument for argument in arguments if not argument.startswith("-")]
    if word == "make":
        targets = re.findall(r"^([\w-]+):", text_of("Makefile"), re.MULTILINE)
        assert set(arguments) <= set(targets)
    elif word == "liverfit":
        assert plain[0] in {
            entry.name or entry.callback.__name__.replace("_", "-")
            for entry in app.registered_commands
        }
    elif word == "snakemake":
        rules = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
        known = set(re.findall(r"^(?:rule|checkpoint) (\w+):", rules, re.MULTILINE))
        if (
            "--executor" not in arguments
            and "--config" not in arguments
            and "--cores" not in arguments
        ):
            assert all(target in known or target.startswith("results/") for target in plain)
    elif word == "sbatch":
        assert "snakemake" in command
    else:
        assert word in SHELL
        assert word in ("for", "source", "cd") or shutil.which(word)
