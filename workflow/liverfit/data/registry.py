"""Which data sets there are, and whether their files still are what was published.

Light on purpose (standard library only): the workflow calls it while it is parsed.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from .findings import Finding, Findings, display_path, shown
from .table import read_bytes

DESCRIPTOR = "dataset.yaml"
SUMS = "SHA256SUMS"
UNSUMMED = frozenset({"README.md", "CHANGES.md", SUMS})

_NAME = re.compile(r"[a-z0-9_]+")
_SUM_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def valid_name(name: str) -> bool:
    """Return whether ``name`` may name a data set: lower-case letters, digits, underscores."""
    return _NAME.fullmatch(name) is not None


def list_datasets(root: Path) -> list[str]:
    """Return the names of the data sets in ``root`` (usually data/raw), sorted.

    Every folder (or link, to be refused later) that is not hidden counts; names are judged by
    :func:`check_folder`, so that a badly named folder is reported rather than passed over.
    """
    root = Path(root)
    if not root.is_dir():
        return []
    return sorted(
        entry.name
        for entry in root.iterdir()
        if entry.name[0] != "." and (entry.is_dir() or entry.is_symlink())
    )


def check_folder(folder: Path) -> list[Finding]:
    """Check that ``folder`` is a real folder with a permitted name."""
    folder = Path(folder)
    found = Findings(display_path(folder))
    if not valid_name(folder.name):
        found.add(
            None,
            None,
            f"{shown(folder.name)} cannot name a data set",
            "lower-case letters, digits and underscores",
            "rename the folder",
        )
    if folder.is_symlink():
        found.add(None, None, "the folder is a symbolic link", "a folder", "copy the data here")
    elif not folder.is_dir():
        found.add(None, None, "there is no such data set", "a folder with dataset.yaml", "add it")
    else:
        try:
            data_files(folder)
        except OSError as error:
            what = f"the folder cannot be read ({error.strerror})"
            found.add(None, None, what, "a readable folder", "mend its permissions")
    return list(found)


def data_files(folder: Path) -> list[str]:
    """Return the names that SHA256SUMS has to list: all files but README, CHANGES and itself."""
    return sorted(
        entry.name
        for entry in Path(folder).iterdir()
        if entry.name not in UNSUMMED and not entry.name.startswith(".")
    )


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def verify_checksums(folder: Path) -> list[Finding]:
    """Compare the files of a data set with its SHA256SUMS.

    Parameters
    ----------
    folder : Path
        The data set's folder.

    Returns
    -------
    list of Finding
        Empty when every data file is listed and unchanged. Never raises for what the folder
        holds.
    """
    folder = Path(folder)
    problems = check_folder(folder)
    if problems:
        return problems
    renew = f"if the change is meant, run `liverfit checksum {folder.name}`"
    found = Findings(display_path(folder / SUMS))
    listed = _read_sums(folder / SUMS, found, renew)
    if listed is None:
        return list(found)
    findings = list(found)
    for name, (line, digest) in listed.items():
        found = Findings(display_path(folder / name))
        data = read_bytes(folder / name, found)
        if data is not None and hashlib.sha256(data).hexdigest() != digest:
            found.add(
                None,
                None,
                f"the content is not what {SUMS} line {line} says",
                f"SHA-256 {digest[:12]}…",
                f"restore the file, or {renew}",
            )
        findings += found
    for name in data_files(folder):
        found = Findings(display_path(folder / name))
        if (folder / name).is_dir():
            found.add(None, None, "there is a folder inside the data set", "files only", "move it")
        elif name not in listed:
            found.add(None, None, f"{SUMS} does not list the file", "every data file", renew)
        findings += found
    return findings


def recorded_sums(folder: Path) -> dict[str, str]:
    """Return {file: SHA-256} as SHA256SUMS has it, without what is no such line."""
    listed = _read_sums(Path(folder) / SUMS, Findings(""), "")
    return {name: digest for name, (_, digest) in (listed or {}).items()}


def write_checksums(folder: Path) -> Path:
    """Write SHA256SUMS anew from the files as they are, and return its path."""
    folder = Path(folder)
    target = folder / SUMS
    names = [name for name in data_files(folder) if (folder / name).is_file()]
    text = "".join(f"{sha256(folder / name)}  {name}\n" for name in names)
    beside = folder / f".{SUMS}.new"
    beside.write_text(text, encoding="utf-8", newline="\n")
    beside.replace(target)
    return target


def _read_sums(path: Path, found: Findings, renew: str) -> dict[str, tuple[int, str]] | None:
    data = read_bytes(path, found)
    if data is None:
        return None
    listed: dict[str, tuple[int, str]] = {}
    expected = "64 hexadecimal digits, two spaces, a file name"
    text = data.decode("utf-8", errors="replace")
    for line, entry in enumerate(text.split("\n"), start=1):
        entry = entry.removesuffix("\r")
        if not entry:
            continue
        match = _SUM_LINE.fullmatch(entry)
        if match is None:
            found.add(line, None, f"{shown(entry, 40)} is no checksum line", expected, renew)
        elif "/" in match[2] or "\\" in match[2] or match[2].startswith("."):
            what = f"{shown(match[2])} leaves the folder of the data set"
            found.add(line, None, what, "a file name without folder", renew)
        elif match[2] in listed:
            found.add(line, None, f"{shown(match[2])} is listed twice", "each file once", renew)
        else:
            listed[match[2]] = (line, match[1])
    return listed
