"""One sheet of an Excel workbook as records of text, cell by cell as a reader sees them.

Formulas are refused, never evaluated; so are dates (a spreadsheet makes them of text such as
"3-5"), truth values and error values. Nothing raises for what the file holds.
"""

from __future__ import annotations

import datetime
import io
import warnings
import zipfile
from collections.abc import Iterator

from .findings import Findings, shown

MAX_UNPACKED = 256 * 2**20

Record = tuple[int, list[str], list]


def sheet_records(data: bytes, sheet: str, found: Findings) -> Iterator[Record] | None:
    """Return the records of a sheet as (row number, cells, []), or None when it cannot be read.

    Numbers become text with at most 15 digits, which is what a spreadsheet keeps; rows are as wide
    as the header (the first row that holds anything) or as their last filled cell.
    """
    if not _sound_archive(data, found):
        return None
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles and extensions that openpyxl passes over
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False)
            if sheet not in book.sheetnames:
                names = ", ".join(shown(name) for name in book.sheetnames)
                what = f"the workbook has no sheet {shown(sheet)}"
                found.add(None, None, what, f"one of {names}", "correct sheet in dataset.yaml")
                return None
            page = book[sheet]
            if not hasattr(page, "iter_rows"):
                found.add(None, None, f"{shown(sheet)} is a chart", "a sheet of cells", "name it")
                return None
            return iter(_read(page, found))
    except Exception as error:  # whatever a damaged file makes the library raise
        what = f"the workbook cannot be read ({type(error).__name__}: {shown(error)})"
        found.add(None, None, what, "an .xlsx file", "open it in a spreadsheet and save it anew")
        return None


def _sound_archive(data: bytes, found: Findings) -> bool:
    """Whether this is a zip archive of bearable size without document type definitions.

    Those can expand without bound, and the format forbids them (ECMA-376, part 2).
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(part.file_size for part in archive.infolist())
            if size > MAX_UNPACKED:
                what = f"the workbook unpacks to {size} bytes"
                found.add(None, None, what, f"at most {MAX_UNPACKED}", "keep the data alone")
                return False
            for part in archive.namelist():
                if part.endswith((".xml", ".rels")) and b"<!DOCTYPE" in archive.read(part):
                    what = "a part of the workbook has a document type definition"
                    found.add(None, None, what, "none", "save the workbook anew")
                    return False
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        what = f"the file is no .xlsx workbook ({shown(error)})"
        found.add(None, None, what, "an .xlsx file", "save it as .xlsx, or declare a text file")
        return False
    return True


def _read(page, found: Findings) -> list[Record]:
    page.reset_dimensions()  # what the file says of its own size may be wrong
    records, width, names = [], 0, []
    for line, row in enumerate(page.iter_rows(), start=1):
        cells = []
        for at, cell in enumerate(row):
            column = names[at] if at < len(names) else f"cell {at + 1}"
            cells.append(_text(cell, line, column, found))
        filled = max((at + 1 for at, text in enumerate(cells) if text), default=0)
        if filled:
            width = width or filled
            names = names or [shown(name)[1:-1] for name in cells[:filled]]
            cells = cells[: max(width, filled)]
            records.append((line, cells + [""] * (width - len(cells)), []))
    return records


def _text(cell, line: int, column: str, found: Findings) -> str:
    """The cell's text; what a spreadsheet would compute or has changed is a finding."""
    value = cell.value
    if value is None:
        return ""
    kind = cell.data_type
    if kind == "f" or not isinstance(value, (str, int, float, bool, datetime.date, datetime.time)):
        text = value if isinstance(value, str) else getattr(value, "text", "") or "formula"
        what = f"the cell holds the formula {shown(text, 30)}"
        remedy = "put the value in place of the formula"
        found.add(line, column, what, "a printed value", f"{remedy}; formulas are not evaluated")
        return ""
    if kind == "e":
        found.add(line, column, f"the cell holds the error {shown(value)}", "a value", "mend it")
        return ""
    if isinstance(value, bool):
        what = f"the cell holds the truth value {value}"
        found.add(line, column, what, "text or a number", "write the word as text")
        return ""
    if isinstance(value, (datetime.date, datetime.time, datetime.timedelta)):
        what = f"the spreadsheet holds the date {value}"
        remedy = "format the column as text and write what is printed"
        found.add(line, column, what, "text or a number", remedy)
        return ""
    if isinstance(value, float):
        return f"{value:.15g}"
    return str(value)
