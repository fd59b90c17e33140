"""What changed in a data set since SHA256SUMS was written: every cell, beside what it was."""

from __future__ import annotations

import csv
import hashlib
import io
from difflib import SequenceMatcher
from pathlib import Path

from .descriptor import TableFile, read_descriptor, table_files
from .findings import Finding, Findings, display_path, shown
from .provenance import git
from .registry import DESCRIPTOR, recorded_sums
from .table import read_bytes

VERSIONS = 100  # of a file, the latest first, among which the recorded one is looked for
MEANT = "restore it, or leave it if it is meant"
Rows = list[list[str]]


def changed_since_recorded(folder: Path) -> list[Finding]:
    """Compare each file with the version that SHA256SUMS records, where git holds it.

    Parameters
    ----------
    folder : Path
        The data set's folder.

    Returns
    -------
    list of Finding
        A warning for every cell of a table and every line of another text that differs, and for
        every row that is new or gone. At most `MAX_PER_FILE` a file are listed, the rest counted.
        Nothing of a file whose recorded version was never committed.
    """
    folder = Path(folder)
    declared = {
        entry.file: entry
        for entry in table_files(read_descriptor(folder / DESCRIPTOR, Findings(""))).values()
    }
    out: list[Finding] = []
    for name, digest in recorded_sums(folder).items():
        now = read_bytes(folder / name, Findings(""))
        if now is None or hashlib.sha256(now).hexdigest() == digest:
            continue
        before = _recorded(folder, name, digest)
        if before is not None:
            found = Findings(display_path(folder / name))
            _compare(before, now, declared.get(name), found)
            out += found
    return out


def _recorded(folder: Path, name: str, digest: str) -> bytes | None:
    """The latest committed version of a file that has this checksum."""
    for commit in git(folder, "log", f"-{VERSIONS}", "--format=%H", "--", name).split():
        content = git(folder, "show", f"{commit.decode('ascii')}:./{name}")
        if hashlib.sha256(content).hexdigest() == digest:
            return content
    return None


def _compare(before: bytes, now: bytes, entry: TableFile | None, found: Findings) -> None:
    if entry is not None and entry.sheet:
        found.warn(None, None, "the workbook changed", "the recorded one", MEANT)
        return
    encoding = entry.encoding if entry is not None else "utf-8"
    sides = [side.decode(encoding, errors="replace") for side in (before, now)]
    if entry is None:
        _compare_lines(*(text.splitlines() for text in sides), found)
        return
    try:
        (old, _), (new, lines) = (_rows(text, entry.delimiter) for text in sides)
    except csv.Error:
        _compare_lines(*(text.splitlines() for text in sides), found)
        return
    if not _compare_rows(old, new, lines, found):
        found.warn(None, None, "the file changed, though no cell did", "the same bytes", MEANT)


def _compare_lines(old: list[str], new: list[str], found: Findings) -> None:
    rows = ([[line] for line in side] for side in (old, new))
    _compare_rows(*rows, list(range(1, len(new) + 2)), found, header=False)


def _rows(text: str, delimiter: str) -> tuple[Rows, list[int]]:
    """The records of a table, header first, and the physical line on which each begins."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter)
    rows, lines, next_line = [], [], 1
    for row in reader:
        if row:
            rows.append(row)
            lines.append(next_line)
        next_line = reader.line_num + 1
    return rows, [*lines, next_line]


def _compare_rows(
    old: Rows, new: Rows, lines: list[int], found: Findings, header: bool = True
) -> bool:
    """Put every difference into `found`; whether there is one."""
    names = new[0] if header and new else []
    matcher = SequenceMatcher(None, [*map(tuple, old)], [*map(tuple, new)], autojunk=False)
    different = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    for _, first, last, begin, end in different:
        pairs = min(last - first, end - begin)
        for i in range(pairs):
            _compare_cells(old[first + i], new[begin + i], lines[begin + i], names, found)
        for i in range(begin + pairs, end):
            found.warn(lines[i], None, f"the row is new: {_told(new[i])}", "", MEANT)
        for row in old[first + pairs : last]:
            what = f"a row is gone that stood here: {_told(row)}"
            found.warn(lines[min(end, len(lines) - 1)], None, what, "", MEANT)
    return bool(different)


def _compare_cells(
    was: list[str], now: list[str], line: int, names: list[str], found: Findings
) -> None:
    if len(was) != len(now):
        what = f"the record was {_told(was)} and is {_told(now)}"
        found.warn(line, None, what, f"{len(was)} cells", MEANT)
        return
    for at, (before, after) in enumerate(zip(was, now, strict=True)):
        if before != after:
            column = shown(names[at], 40)[1:-1] if at < len(names) else None
            found.warn(line, column, f"{shown(after)} was {shown(before)}", "", MEANT)


def _told(row: list[str], cells: int = 6) -> str:
    """The beginning of a record, for a message."""
    return ", ".join(shown(cell, 30) for cell in row[:cells]) + (", …" if len(row) > cells else "")
