"""The records of a delimited text: quotes, records over several lines, comments, blank lines."""

from __future__ import annotations

from collections.abc import Iterator

from .findings import Findings

MAX_FIELD_LINES = 200
MAX_OPEN_QUOTES = 20
COMMENT = "# "

Problems = list[tuple[int, str]]
Record = tuple[int, list[str], Problems]


def text_records(lines: list[str], delimiter: str, found: Findings) -> Iterator[Record]:
    """Yield (physical line of the record's start, cells, problems with quotes by cell).

    Blank lines and, below the header, lines that begin with ``# `` are left out with a warning.
    """
    at, failures = 0, 0
    while at < len(lines):
        number, line = at + 1, lines[at].removesuffix("\r")
        at += 1
        if not line:
            if number < len(lines):
                found.warn(number, None, "the line is blank", "a record", "delete the line")
            continue
        if number > 1 and line.startswith(COMMENT):
            remedy = "take away the '# ' if it shall count, else delete the line"
            found.warn(number, None, "the line is a comment and not read", "a record", remedy)
            continue
        if '"' not in line:
            yield number, line.split(delimiter), []
            continue
        cells, is_open, problems = _split_quoted(line, delimiter)
        if is_open and failures < MAX_OPEN_QUOTES:
            joined = _join_lines(lines, number, delimiter)
            if joined:
                cells, at = joined
                problems = []
            else:
                failures += 1
        yield number, cells, problems


def _join_lines(lines: list[str], number: int, delimiter: str) -> tuple[list[str], int] | None:
    """Read the record that begins on line ``number`` and goes on over several physical lines.

    Returns its cells and the index of the next line; None when it does not end soundly, so that
    reading can recover at the very next line.
    """
    record = lines[number - 1].removesuffix("\r")
    for at in range(number, min(number + MAX_FIELD_LINES, len(lines))):
        line = lines[at].removesuffix("\r")
        record += "\n" + line
        if '"' in line:
            cells, is_open, problems = _split_quoted(record, delimiter)
            if not is_open:
                return None if problems else (cells, at + 1)
    return None


def _split_quoted(line: str, delimiter: str) -> tuple[list[str], bool, Problems]:
    """Split a record with quotes: cells, is the last one open, (index of cell, problem) pairs."""
    cells: list[str] = []
    problems: Problems = []
    at, size = 0, len(line)
    while True:
        quoted = line.startswith('"', at)
        end = _closing_quote(line, at + 1) if quoted else -1
        if quoted and end < 0:
            problems.append((len(cells), "a quoted cell is not closed"))
            cells.append(line[at + 1 :].replace('""', '"'))
            return cells, True, problems
        stop = line.find(delimiter, end + 1 if quoted else at)
        stop = size if stop < 0 else stop
        if quoted:
            cell = line[at + 1 : end].replace('""', '"') + line[end + 1 : stop]
            if stop != end + 1:
                problems.append((len(cells), "there is text after the closing quote"))
        else:
            cell = line[at:stop]
            if '"' in cell:
                problems.append((len(cells), "a quote stands alone in an unquoted cell"))
        cells.append(cell)
        if stop >= size:
            return cells, False, problems
        at = stop + 1


def _closing_quote(line: str, start: int) -> int:
    at = line.find('"', start)
    while at >= 0 and line.startswith('"', at + 1):
        at = line.find('"', at + 2)
    return at
