"""Lays out the pages of the documentation site and builds it: `make docs`.

The pages stay where a reader of the repository looks for them (README.md, docs/, config/).
They are copied with their folders, so that links between them hold on the site too. The pages of
the API are made from the public names and their docstrings.
"""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / ".site"
LINK = re.compile(r"\]\(\s*<?([^)\s>#]+)")
API = {"liverfit.meta": "docs/reference/meta.md", "liverfit.effects": "docs/reference/effects.md"}


def pages(root: Path = ROOT) -> list[Path]:
    """List what the site needs: the pages of mkdocs.yml and every file that they link to."""
    nav = re.findall(r"[\w./-]+\.md$", (root / "mkdocs.yml").read_text(encoding="utf-8"), re.M)
    found: set[Path] = set()
    waiting = [root / name for name in nav]
    while waiting:
        path = waiting.pop().resolve()
        if path in found or not path.is_file() or not path.is_relative_to(root):
            continue
        found.add(path)
        if path.suffix == ".md":
            links = LINK.findall(path.read_text(encoding="utf-8"))
            waiting += [path.parent / link for link in links if "://" not in link]
    return sorted(found)


def lay_out(root: Path = ROOT, target: Path = SITE / "pages") -> None:
    """Copy the pages to `target`, with their folders."""
    shutil.rmtree(target, ignore_errors=True)
    for path in pages(root):
        copy = target / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    for package, page in API.items():
        (target / page).parent.mkdir(parents=True, exist_ok=True)
        (target / page).write_text(api_page(package), encoding="utf-8")


def api_page(package: str) -> str:
    """Return the page of a package: its public names by the module that they are defined in."""
    module = importlib.import_module(package)
    parts: dict[str, list[str]] = {}
    for name in module.__all__:
        parts.setdefault(getattr(module, name).__module__, []).append(name)
    text = [f"# {package}", (module.__doc__ or "").strip()]
    for home, names in sorted(parts.items()):
        about = (importlib.import_module(home).__doc__ or home).strip().splitlines()[0].rstrip(".")
        text += [f"## {about}", *(f"::: {home}.{name}" for name in names)]
    return "\n\n".join(text) + "\n"


if __name__ == "__main__":
    lay_out()
    sys.exit(subprocess.run(["zensical", "build", "--strict"], cwd=ROOT).returncode)
