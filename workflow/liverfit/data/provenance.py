"""What a run was made from: revision of the code, plan, raw data and software.

Standard library only: the workflow asks for the revision whenever it is parsed.
"""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import liverfit
from liverfit.data.registry import SUMS

MADE_WITH = ("numpy", "pandas", "scipy", "statsmodels", "matplotlib", "snakemake")


def revision_of(folder: str | Path | None) -> dict[str, Any]:
    """Return the git revision that a folder is at.

    Parameters
    ----------
    folder : any folder inside the working tree; None when the code is not in a folder

    Returns
    -------
    dict
        ``commit`` (40 hexadecimal digits), ``date`` of the commit (ISO 8601, with the offset) and
        ``modified`` (whether tracked files differ from the commit). All three are None where there
        is no git, no repository, or the folder is not under version control in it.
    """
    unknown = {"commit": None, "date": None, "modified": None}
    if folder is None or not git(folder, "ls-files", "."):
        return unknown
    told = git(folder, "log", "-1", "--format=%H %cI").decode("ascii", "replace")
    commit, _, date = told.strip().partition(" ")
    changed = git(folder, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "date": date, "modified": bool(changed)} if commit else unknown


def fingerprint(content: Any) -> str:
    """Return the SHA-256 of a plan as read, so that comments in its files do not count."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def provenance(revision: Mapping[str, Any], plan: str, folders: Iterable[str | Path]) -> dict:
    """Put together what a run was made from.

    Parameters
    ----------
    revision : of the code, from `revision_of`
    plan : `fingerprint` of the analysis plan as run
    folders : the raw data sets in use; the checksums are those of their SHA256SUMS

    Returns
    -------
    dict
        ``version`` of liverfit, ``commit``, ``date``, ``modified``, ``plan_sha256``, ``inputs``
        ({"dataset/file": SHA-256}), ``python`` and ``packages`` ({name: version}).
    """
    return {
        "version": liverfit.__version__,
        **revision,
        "plan_sha256": plan,
        "inputs": {
            f"{Path(folder).name}/{name}": digest
            for folder in sorted(map(str, folders))
            for name, digest in _sums(Path(folder) / SUMS)
        },
        "python": platform.python_version(),
        "packages": _versions(),
    }


def git(folder: str | Path, *arguments: str) -> bytes:
    """What a git command prints in a folder; nothing where it cannot be run or fails."""
    command = ["git", "-C", str(folder), *arguments]
    try:
        return subprocess.run(command, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return b""


def _sums(path: Path) -> list[tuple[str, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.split(maxsplit=1) for line in lines if line.strip())
    return sorted((name.lstrip("*"), digest) for digest, name in pairs)


def _versions() -> dict[str, str]:
    found = {}
    for name in MADE_WITH:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
