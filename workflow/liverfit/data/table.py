"""The one strict reader for raw tables.

Every raw table goes through :func:`read_table`: declared delimiter and encoding, or a named sheet
of a workbook (:mod:`liverfit.data.workbook`), header equal to the declared columns, the same number
of fields in every record, every cell kept as printed text with the physical line of its record.
Nothing is guessed and nothing raises: what is wrong is a finding, and reading goes on behind it so
that one run names everything.
"""

from __future__ import annotations

import difflib
import re
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .findings import Finding, Findings, shown
from .records import Problems, Record, text_records

MAX_BYTES = 64 * 2**20
LONG_CELL = 5_000  # characters
ENCODINGS = ("utf-8", "latin-1", "windows-1252")

_DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_SUSPECT = re.compile(r"[^ -~\n\u00a1-\u00ac\u00ae-\u02ff\u0370-\u03ff\u2010-\u2027\u2030-\u205e]")
_MARKUP = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*(?:[\s/][^<>]*)?>|<!--")
_SAVE_AS = "save the file as UTF-8 (in a spreadsheet: Save as, CSV UTF-8)"
_DECLARE = f"{_SAVE_AS}, or declare its encoding (windows-1252 or latin-1) in dataset.yaml"


@dataclass(slots=True)
class RawTable:
    """A table as printed.

    Attributes
    ----------
    columns : list of str
        The declared columns, in declared order; the file's own, where its header is free.
    rows : list of list of str
        One list of cells a record, in the order of ``columns``; "" where nothing is printed.
    lines : list of int
        Physical line on which each record starts (the header is line 1).
    present : set of str
        Declared columns that the file really has.
    findings : list of Finding
    """

    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    present: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)


def read_table(
    path: Path,
    columns: Sequence[str],
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    sheet: str = "",
    free: bool = False,
    shown_as: str | None = None,
) -> RawTable:
    """Read a delimited text file or a sheet of a workbook; never raises for what the file holds.

    Parameters
    ----------
    path : Path
        A regular file; symbolic links and special files are refused.
    columns : sequence of str
        The columns the header has to have.
    delimiter, encoding : str
        As declared; the encoding is one of `ENCODINGS`.
    sheet : str
        The sheet to read, when the file is a workbook.
    free : bool
        Whether the header may hold other columns too, which are then kept.
    shown_as : str, optional
        How findings name the file; the path itself by default.
    """
    found = Findings(shown_as or str(path))
    table = RawTable(list(columns))
    if sheet:
        from .workbook import sheet_records

        data = read_bytes(path, found)
        records = None if data is None else sheet_records(data, sheet, found)
    else:
        text = _read_text(path, encoding, found)
        records = None if text is None else text_records(_lines(text, found), delimiter, found)
    if records is not None:
        _fill(table, records, delimiter, free, found)
    table.findings = list(found)
    return table


def read_bytes(path: Path, found: Findings) -> bytes | None:
    """Return the bytes of a regular file within the size limit, or add a finding and None."""
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            found.add(None, None, "the file is a symbolic link", "a regular file", "copy it here")
        elif not stat.S_ISREG(status.st_mode):
            found.add(None, None, "this is not a regular file", "a regular file", "replace it")
        elif status.st_size > MAX_BYTES:
            found.add(
                None,
                None,
                f"the file has {status.st_size} bytes",
                f"at most {MAX_BYTES} bytes",
                "split the data set or leave out what is not data",
            )
        else:
            return path.read_bytes()
    except FileNotFoundError:
        found.add(None, None, "the file does not exist", "a file", "add it or correct its name")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        found.add(None, None, f"the file cannot be read ({reason})", "a readable file", "mend it")
    return None


def _read_text(path: Path, encoding: str, found: Findings) -> str | None:
    """Decode, keeping bytes that are no UTF-8 as lone surrogates to be located by cell."""
    data = read_bytes(path, found)
    if data is None:
        return None
    if not data.strip(b" \t\r\n\xef\xbb\xbf"):
        found.add(1, None, "the file is empty", "a header line and records", "restore the table")
        return None
    if data.startswith(_UTF16_MARKS) or data[:400].count(0) > len(data[:400]) // 4:
        found.add(
            1, None, "the file is not UTF-8 (it looks like UTF-16 or UTF-32)", "UTF-8", _SAVE_AS
        )
        return None
    if data.startswith(b"PK\x03\x04"):
        remedy = "name the file .xlsx and declare its sheet, or save the sheet as CSV UTF-8"
        found.add(1, None, "the file is a workbook or another archive", "text", remedy)
        return None
    marked = data.startswith(b"\xef\xbb\xbf")
    data = data[3:] if marked else data
    if marked:
        found.warn(1, None, "the file begins with a byte order mark", "plain UTF-8", "harmless")
    if encoding == "utf-8":
        return data.decode("utf-8", errors="surrogateescape")
    if not data.isascii() and (marked or _is_utf8(data)):
        # Read as declared, every letter beyond ASCII would silently become two others.
        what = f"the file is UTF-8, although dataset.yaml declares {encoding}"
        found.add(1, None, what, encoding, "declare encoding: utf-8")
        return None
    codec = {"latin-1": "latin-1", "windows-1252": "cp1252"}[encoding]
    return data.decode(codec, errors="surrogateescape")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _lines(text: str, found: Findings) -> list[str]:
    """Split into physical lines; line ends may be of Unix, or of Windows (stripped later)."""
    if "\r" in text and "\n" not in text:
        remedy = "save the file with Unix or Windows line ends"
        found.add(1, None, "lines end as on the classic Mac (CR alone)", "line feeds", remedy)
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    else:
        found.warn(
            len(lines),
            None,
            "the last line does not end with a line break: the file may be cut off",
            "a line break at the end",
            "check the last record and add the line break",
        )
    return lines


def _fill(
    table: RawTable, records: Iterator[Record], delimiter: str, free: bool, found: Findings
) -> None:
    first = next(records, None)
    if first is None:
        found.add(1, None, "the table has no header", "a header line", "restore the table")
        return
    line, header, problems = first
    _bad_quotes(line, header, problems, found)
    if len(header) == 1 and len(table.columns) > 1:
        other = next((d for d in _DELIMITER_NAMES if d != delimiter and d in header[0]), None)
        if other:
            found.add(
                line,
                None,
                f"columns are separated by {_DELIMITER_NAMES[other]}s",
                f"the declared delimiter, {_DELIMITER_NAMES.get(delimiter, shown(delimiter))}",
                "declare the delimiter in dataset.yaml or save the table with the declared one",
            )
            return
    if free:
        table.columns += [name for name in dict.fromkeys(header) if name not in table.columns]
    position = _match_header(table, line, header, free, found)
    for line, cells, problems in records:
        _bad_quotes(line, header, problems, found)
        if len(cells) != len(header):
            _miscounted(line, cells, header, delimiter, found)
            continue
        if not any(cells):
            found.add(line, None, "every cell of the record is empty", "data", "delete the line")
            continue
        row = [cells[at] if at is not None else "" for at in position]
        for column, cell in zip(table.columns, row, strict=True):
            long = len(cell) > LONG_CELL
            odd = long or "<" in cell or "|" in cell or cell[:1] in ("=", "@")
            if odd or _SUSPECT.search(cell):
                _check_characters(line, column, cell, found)
        table.rows.append([_printable(cell) for cell in row])
        table.lines.append(line)
    if not table.rows:
        found.add(line, None, "the table has no records", "records below the header", "add them")


def _bad_quotes(line: int, header: list[str], problems: Problems, found: Findings) -> None:
    for at, what in problems:
        column = shown(header[at])[1:-1] if at < len(header) else f"cell {at + 1}"
        expected = 'cells in "…" with each inner quote doubled'
        remedy = 'put the whole cell in quotes and write inner quotes as ""'
        found.add(line, column, what, expected, remedy)


def _match_header(
    table: RawTable, line: int, header: list[str], free: bool, found: Findings
) -> list[int | None]:
    """Compare the header with the declared columns; return the place of each declared column."""
    declared = table.columns
    expected = f"the columns {', '.join(declared)}"
    position: dict[str, int] = {}
    for at, name in enumerate(header):
        if name in position:
            found.add(
                line,
                shown(name)[1:-1] or f"column {at + 1}",
                f"column {shown(name)} occurs twice (columns {position[name] + 1} and {at + 1})",
                "each column once",
                "delete or rename one of them",
            )
            continue
        position[name] = at
        if name not in declared:
            close = difflib.get_close_matches(name.strip().lower(), declared, n=1)
            remedy = f"did you mean {close[0]}?" if close else "delete it, or keep it in notes"
            label = shown(name)[1:-1] or f"column {at + 1}"
            found.add(line, label, f"column {shown(name)} is unknown", expected, remedy)
    missing = [name for name in declared if name not in position]
    for name in missing:
        found.add(line, name, f"column {name} is missing", expected, f"add the column {name}")
    known = [name for name in position if name in declared]
    if not free and known != [name for name in declared if name in position]:
        first = next(a for a, b in zip(known, declared, strict=False) if a != b)
        found.warn(
            line,
            first,
            f"columns are in another order, from {first} on",
            expected,
            "harmless, read by name; keep the declared order",
        )
    table.present = set(known)
    return [position.get(name) for name in declared]


def _miscounted(
    line: int, cells: list[str], header: list[str], delimiter: str, found: Findings
) -> None:
    few = len(cells) < len(header)
    column = header[len(cells)] if few else f"cell {len(header) + 1}"
    what = f"the record has {len(cells)} cells"
    if few:
        remedy = f"fill up to {len(header)} cells, or restore the line if it was cut off"
    else:
        name = _DELIMITER_NAMES.get(delimiter, "delimiter")
        remedy = f"put cells that contain a {name} in double quotes, or use a decimal point"
    found.add(line, shown(column)[1:-1], what, f"{len(header)}, as in the header", remedy)


def _check_characters(line: int, column: str, cell: str, found: Findings) -> None:
    """Report what is no plain text: bytes, control and direction characters, markup, formulas."""
    for char in sorted(set(_SUSPECT.findall(cell))):
        code, category = ord(char), unicodedata.category(char)
        if 0xDC80 <= code <= 0xDCFF:
            byte = code - 0xDC00
            latin = bytes([byte]).decode("cp1252", errors="replace")
            what = f"byte 0x{byte:02X} is not UTF-8 (in Windows-1252 it would be {shown(latin)})"
            found.add(line, column, what, "UTF-8", _DECLARE)
        elif code == 0:
            remedy = "restore the file: it is damaged"
            found.add(line, column, "the cell contains a NUL byte", "text", remedy)
        elif category[0] == "C" or category in ("Zl", "Zp"):
            name = unicodedata.name(char, "control character")
            what = f"the cell contains the invisible character U+{code:04X} ({name})"
            found.add(line, column, what, "visible characters", "delete the character")
    if len(cell) > LONG_CELL:
        what = f"the cell has {len(cell)} characters"
        found.warn(
            line, column, what, f"at most {LONG_CELL}", "restore it: another file may be in it"
        )
    # a sign begins a formula too: "+1+cmd|' /C calc'!A0" calls a program
    if cell[0] in "=@" or (cell[0] in "+-" and "|" in cell):
        what = f"{shown(cell, 30)} looks like a spreadsheet formula"
        found.warn(line, column, what, "plain text", "kept as text, never evaluated")
    if _MARKUP.search(cell):
        what = f"{shown(cell, 30)} contains markup"
        found.warn(line, column, what, "plain text", "kept as text, escaped wherever it is shown")


def _printable(cell: str) -> str:
    """Replace lone surrogates (undecodable bytes), so that the cell can be written again."""
    try:
        cell.encode("utf-8")
    except UnicodeEncodeError:
        return cell.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")
    return cell
