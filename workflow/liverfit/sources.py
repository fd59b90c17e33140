"""Which source files of the package a script uses.

Snakemake hashes a rule's script but not the modules that the script imports. The rules therefore
have a hash of those modules as a parameter; this module finds them by reading import statements,
without importing anything.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent

_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<base>\.*[\w.]*)[ \t]+import[ \t]+(?P<names>\([^)]*\)|[^\n#]+)"
    r"|import[ \t]+(?P<plain>[\w., \t]+))",
    re.MULTILINE,
)


def sources_of(script: str | Path, package: Path = PACKAGE) -> list[str]:
    """List the package files that ``script`` imports, directly or through one another, sorted.

    Imports inside functions count. A package that is imported as a whole (``from liverfit import
    meta``) counts with all its modules, since it may load them on demand.
    """
    found: set[Path] = set()
    waiting = list(_imported(Path(script), package))
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported(path, package) - found
    return sorted(map(str, found))


def fingerprint_of(files: Iterable[str | Path], package: Path = PACKAGE) -> str:
    """Return the SHA-256 of files of the package: of their places in it and their contents."""
    whole = hashlib.sha256()
    for file in map(Path, files):
        whole.update(f"{file.relative_to(package).as_posix()} {_digest(file)}\n".encode())
    return whole.hexdigest()


@cache
def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@cache
def _imported(path: Path, package: Path) -> frozenset[Path]:
    files: set[Path] = set()
    for match in _IMPORT.finditer(path.read_text(encoding="utf-8")):
        if match["plain"]:
            for name in match["plain"].split(","):
                files |= _files(_absolute(name.split()[0], path, package), package, whole=True)
            continue
        base = _absolute(match["base"], path, package)
        names = re.sub(r"#[^\n]*|[()\\]", " ", match["names"]).split(",")
        files |= _files(base, package)
        for name in (entry.split()[0] for entry in names if entry.split()):
            inner = _files((*base, name), package, whole=True) if base else frozenset()
            is_package = _place(base, package).is_dir()
            files |= inner or _files(base, package, whole=is_package)
    files.discard(path)
    return frozenset(files)


def _absolute(name: str, path: Path, package: Path) -> tuple[str, ...]:
    """Return the parts of an imported name below the package's root; () if it lies elsewhere."""
    dots = len(name) - len(name.lstrip("."))
    parts = tuple(part for part in name.lstrip(".").split(".") if part)
    if dots:
        if package not in path.parents:
            return ()
        folder = path.parent.relative_to(package.parent).parts
        parts = (*folder[: len(folder) - dots + 1], *parts)
    return parts if parts and parts[0] == package.name else ()


def _place(parts: tuple[str, ...], package: Path) -> Path:
    return package.parent.joinpath(*parts)


@cache
def _files(parts: tuple[str, ...], package: Path, whole: bool = False) -> frozenset[Path]:
    """Return the files that importing a dotted name reads: its module and its parents' inits."""
    if not parts:
        return frozenset()
    place = _place(parts, package)
    module = place.with_suffix(".py")
    if module.is_file():
        files = {module}
    elif place.is_dir() and place != package:
        files = set(place.rglob("*.py")) if whole else {place / "__init__.py"}
    elif place == package:
        files = {place / "__init__.py"}
    else:
        return frozenset()
    for number in range(1, len(parts)):
        files.add(_place(parts[:number], package) / "__init__.py")
    return frozenset(file for file in files if file.is_file())
