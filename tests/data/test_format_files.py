"""Workbooks, delimiters, encodings, decimals, line ends: read alike or refused with advice."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from pathlib import Path

import openpyxl
import pytest
from format_parts import COLUMNS, WIDE, WIDE_ROWS, derived, mean_differences, write
from openpyxl.worksheet.formula import ArrayFormula
from small_dataset import DESCRIPTOR, places, small_tables

from liverfit.data.dataset import Dataset, load_dataset

HEADER = COLUMNS.split(",")
AS_CSV = 'file: wide.csv, delimiter: ",", encoding: utf-8'
AS_SHEET = "file: wide.xlsx, sheet: Trials 1"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def load(how: str, name: str, content: bytes, folder: str = "data/raw/mine") -> Dataset:
    assert AS_CSV in WIDE
    return load_dataset(write(Path(folder), WIDE.replace(AS_CSV, how), {name: content}))


def plain(newline: str = "\n", delimiter: str = ",", decimal: str = ".") -> str:
    """The wide table as text."""
    return _text([COLUMNS, *WIDE_ROWS], newline, delimiter, decimal)


def _text(lines: list[str], newline: str, delimiter: str, decimal: str) -> str:
    cells = ([_point(cell, decimal) for cell in line.split(",")] for line in lines)
    return newline.join(delimiter.join(row) for row in cells) + newline


def _point(cell: str, decimal: str) -> str:
    return cell.replace(".", decimal) if re.fullmatch(r"-?[0-9]+\.[0-9]+", cell) else cell


def numbers(dataset: Dataset) -> list[list[str]]:
    assert dataset.ok, "\n".join(map(str, dataset.errors))
    table = dataset.tables["measurements"]
    return table[["trial_id", "arm_id", "timepoint", "n", "center", "spread"]].to_numpy().tolist()


@pytest.fixture
def reference() -> list[list[str]]:
    return numbers(load(AS_CSV, "wide.csv", plain().encode(), "data/raw/reference"))


@pytest.mark.parametrize(
    ("how", "name", "content"),
    [
        (AS_CSV, "wide.csv", plain("\r\n").encode()),
        (AS_CSV, "wide.csv", b"\xef\xbb\xbf" + plain("\r\n").encode()),
        ('file: w.tsv, delimiter: "\\t", encoding: utf-8', "w.tsv", plain("\n", "\t").encode()),
        (
            'file: w.csv, delimiter: ";", encoding: utf-8, decimal: ","',
            "w.csv",
            plain("\r\n", ";", ",").encode(),
        ),
        ('file: w.csv, delimiter: ";", encoding: latin-1', "w.csv", plain("\n", ";").encode()),
    ],
)
def test_the_same_numbers_whatever_the_file(reference, how, name, content) -> None:
    assert numbers(load(how, name, content)) == reference


@pytest.mark.parametrize("encoding", ["latin-1", "windows-1252"])
def test_declared_encodings_are_read(encoding: str) -> None:
    text = plain().replace("Baker 2024", "Bækkerud 2016")
    how = AS_CSV.replace("utf-8", encoding)
    dataset = load(how, "wide.csv", text.encode("cp1252"))
    assert dataset.ok
    assert dataset.tables["trials"]["first_author"][0] == "Bækkerud 2016"
    assert dataset.tables["trials"]["trial_id"][0] == "baekkerud_2016"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_utf_8_under_another_name_is_refused(mark: bytes) -> None:
    text = plain().replace("Baker 2024", "Bækkerud 2016")
    (error,) = load(AS_CSV.replace("utf-8", "latin-1"), "wide.csv", mark + text.encode()).errors
    assert "UTF-8, although dataset.yaml declares latin-1" in error.what


def test_windows_1252_quotes_under_latin_1_are_invisible_characters() -> None:
    text = plain().replace("Baker 2024", "Baker’s 2024")
    errors = load(AS_CSV.replace("utf-8", "latin-1"), "wide.csv", text.encode("cp1252")).errors
    assert places(errors) == [("wide.csv", 2, "study")]


def test_classic_mac_line_ends_are_refused() -> None:
    first, *_ = load(AS_CSV, "wide.csv", plain("\r").encode()).errors
    assert "CR alone" in first.what


def test_points_in_a_file_of_decimal_commas_are_refused() -> None:
    how = 'file: w.csv, delimiter: ";", encoding: utf-8, decimal: ","'
    errors = load(how, "w.csv", plain("\n", ";").encode()).errors
    assert ("w.csv", 2, "chg1 (center)") in places(errors)
    assert "has a point" in "\n".join(map(str, errors))
    assert ("w.csv", 2, "n1 (n)") not in places(errors)


def test_decimal_commas_in_format_arms() -> None:
    descriptor = DESCRIPTOR.replace('delimiter: ","', 'delimiter: "\\t"')
    descriptor = descriptor.replace("utf-8 }", 'utf-8, decimal: "," }')
    files = {f"{name}.csv": _text(lines, "\n", "\t", ",") for name, lines in small_tables().items()}
    assert "\t-3,2\tsd\t2,1\t" in files["measurements.csv"]
    dataset = load_dataset(write(Path("data/raw/mine"), descriptor, files))
    # p-values have a decimal sign too: "<0.001" is refused where commas are declared
    assert places(dataset.errors) == [("measurements.csv", 5, "p_value")]
    m = dataset.tables["measurements"]
    assert (m["center"][0], m["spread"][0]) == ("-3.2", "2.1")
    files["measurements.csv"] = files["measurements.csv"].replace("<0.001", "<0,001")
    dataset = load_dataset(write(Path("data/raw/mine"), descriptor, files))
    assert dataset.ok
    assert dataset.tables["measurements"]["p_value"][3] == "<0.001"


# ---- workbooks


def workbook(change=None, sheet: str = "Trials 1") -> bytes:
    """The wide table with typed cells, the header in row 2, as people keep tables."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    page.append([])
    page.append(HEADER)
    for row in WIDE_ROWS:
        page.append([_typed(cell) for cell in row.split(",")])
    if change:
        change(book, page)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _typed(cell: str) -> object:
    if not cell:
        return None
    try:
        return float(cell) if "." in cell else int(cell)
    except ValueError:
        return cell


def test_a_workbook_gives_the_same_numbers(reference) -> None:
    dataset = load(AS_SHEET, "wide.xlsx", workbook())
    assert numbers(dataset) == reference
    assert list(dataset.tables["wide"]["row_id"]) == [f"mine/wide.xlsx:{n}" for n in (3, 4, 5)]
    made = mean_differences(derived(dataset))
    assert made["baker_2024"]["yi"] == pytest.approx(-1.3)


def test_numbers_have_the_digits_that_a_spreadsheet_keeps() -> None:
    def change(book, page):
        page["K3"] = -1.1 - 0.3  # -1.4000000000000001

    dataset = load(AS_SHEET, "wide.xlsx", workbook(change))
    assert dataset.tables["measurements"]["center"][0] == "-1.4"


@pytest.mark.parametrize(
    ("cell", "value", "fragment"),
    [
        ("K3", "=1+1", "formula '=1+1'"),
        ("K3", '=HYPERLINK("http://x.org")', "formula"),
        ("K3", ArrayFormula("K3", "=SUM(F3:F4)"), "formula"),
        ("K3", datetime.datetime(2024, 5, 3), "date 2024-05-03"),
        ("K3", datetime.time(1, 30), "date 01:30"),
        ("K3", True, "truth value"),
        ("K3", "#DIV/0!", "error '#DIV/0!'"),
        ("K3", "-1,4", "has a decimal comma"),
        ("A3", "a\u202eb", "invisible character"),
    ],
)
def test_cells_that_are_no_printed_value_are_located(cell, value, fragment) -> None:
    def change(book, page):
        page[cell] = value

    errors = load(AS_SHEET, "wide.xlsx", workbook(change)).errors
    column = "study" if cell[0] == "A" else "chg1"
    hits = [e for e in errors if e.line == 3 and (e.column or "").startswith(column)]
    assert fragment in "\n".join(map(str, hits)), "\n".join(map(str, errors))


def test_all_faults_of_a_sheet_at_once() -> None:
    def change(book, page):
        page["K3"], page["L3"], page["K5"] = "=A1", True, "x"

    errors = load(AS_SHEET, "wide.xlsx", workbook(change)).errors
    assert {("wide.xlsx", 3, "chg1"), ("wide.xlsx", 3, "chg1_sd")} <= set(places(errors))
    assert ("wide.xlsx", 5, "chg1 (center)") in places(errors)


def test_another_sheet_is_named() -> None:
    (error,) = load(AS_SHEET, "wide.xlsx", workbook(sheet="Data")).errors
    assert "no sheet 'Trials 1'" in error.what
    assert "'Data'" in error.expected


def _with_doctype(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name.endswith("workbook.xml"):
                part = b'<!DOCTYPE x [<!ENTITY a "b">]>' + part
            new.writestr(name, part)
    return out.getvalue()


def _bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"\0" * (257 * 2**20))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        (b"study,method\n1,2\n", "no .xlsx workbook"),
        (b"", "no .xlsx workbook"),
        (workbook()[:900], "no .xlsx workbook"),
        (_with_doctype(workbook()), "document type definition"),
        (_bomb(), "unpacks to"),
    ],
)
def test_files_that_are_no_sound_workbook(content: bytes, fragment: str) -> None:
    (error,) = load(AS_SHEET, "wide.xlsx", content).errors
    assert fragment in error.what


def test_an_archive_without_sheets_is_told() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("hello.txt", "x")
    (error,) = load(AS_SHEET, "wide.xlsx", out.getvalue()).errors
    assert "cannot be read" in error.what


def test_a_workbook_under_a_text_name_is_told() -> None:
    (error,) = load(AS_CSV, "wide.csv", workbook()).errors
    assert "looks like UTF-16" in error.what or "workbook" in error.what


@pytest.mark.parametrize(
    ("how", "key"),
    [
        ("file: wide.xlsx", "files.wide.sheet"),
        ('file: wide.xlsx, sheet: T, delimiter: ","', "files.wide.delimiter"),
        ("file: wide.csv, encoding: utf-8", "files.wide.delimiter"),
        ('file: wide.csv, delimiter: ",", encoding: utf-8, sheet: T', "files.wide.sheet"),
        ('file: wide.csv, delimiter: ",", encoding: utf-8, decimal: "x"', "files.wide.decimal"),
        ("file: wide.ods, sheet: T", "files.wide.file"),
    ],
)
def test_keys_that_do_not_go_with_the_file(how: str, key: str) -> None:
    errors = load(how, "other.csv", b"a,b\n1,2\n").errors
    assert key in [error.column for error in errors]
