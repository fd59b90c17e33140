"""The strict reader: every record keeps its line, and no bytes make it raise."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_dataset import places

from liverfit.data.table import RawTable, read_table

COLUMNS = ["a", "b", "c"]


def read(tmp_path: Path, content: str | bytes, **options: str) -> RawTable:
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return read_table(path, COLUMNS, shown_as="t.csv", **options)


def test_plain(tmp_path: Path) -> None:
    table = read(tmp_path, 'a,b,c\n1,NA,"x, ""y"""\n,nan,\n')
    assert table.rows == [["1", "NA", 'x, "y"'], ["", "nan", ""]]
    assert table.lines == [2, 3]
    assert table.findings == []


def test_windows_line_ends_are_accepted(tmp_path: Path) -> None:
    table = read(tmp_path, 'a,b,c\r\n1,2,"x\r\ny"\r\n4,5,6\r\n')
    assert table.rows == [["1", "2", "x\ny"], ["4", "5", "6"]]
    assert table.lines == [2, 4]
    assert table.findings == []


def test_a_comment_is_told_and_not_read_unless_it_is_part_of_a_cell(tmp_path: Path) -> None:
    table = read(tmp_path, "# a,b,c\n1,2,3\n")
    assert "'# a'" in str(table.findings[0])
    table = read(tmp_path, 'a,b,c\n# 1,2,3\n#1,2,3\n"x\n# y",5,6\n')
    assert table.rows == [["#1", "2", "3"], ["x\n# y", "5", "6"]]
    assert table.lines == [3, 4]
    assert places(table.findings, "warning") == [("t.csv", 2, None)]
    assert table.findings[0].what == "the line is a comment and not read"


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("=1+1", "looks like a spreadsheet formula"),
        ("+1+cmd|' /C calc'!A0", "looks like a spreadsheet formula"),
        ("-2+3+cmd|' /C x'!A0", "looks like a spreadsheet formula"),
        ("x" * 5_001, "the cell has 5001 characters"),
        ("-3.2 (SD 2.1)", ""),
        ("a | b", ""),
        ("x" * 5_000, ""),
    ],
)
def test_cells_that_no_page_prints(tmp_path: Path, cell: str, what: str) -> None:
    table = read(tmp_path, f"a,b,c\n1,{cell},3\n")
    assert table.rows == [["1", cell, "3"]]
    assert places(table.findings, "warning") == ([("t.csv", 2, "b")] if what else [])
    assert not what or what in table.findings[0].what


def test_byte_order_mark_is_accepted_with_a_warning(tmp_path: Path) -> None:
    table = read(tmp_path, b"\xef\xbb\xbfa,b,c\n1,2,3\n")
    assert table.rows == [["1", "2", "3"]]
    assert places(table.findings, "warning") == [("t.csv", 1, None)]


@pytest.mark.parametrize(("delimiter", "name"), [(";", "semicolon"), ("\t", "tab")])
def test_other_delimiter_than_declared(tmp_path: Path, delimiter: str, name: str) -> None:
    content = "a,b,c\n1,2,3\n".replace(",", delimiter)
    assert read(tmp_path, content, delimiter=delimiter).rows == [["1", "2", "3"]]
    (finding,) = read(tmp_path, content).findings
    assert str(finding).startswith(f"t.csv:1: columns are separated by {name}s; expected the")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a,b,c\n1,2\n", ("t.csv", 2, "c")),
        ("a,b,c\n1,2,3,4\n", ("t.csv", 2, "cell 4")),
        ('a,b,c\n1,5" ruler,3\n', ("t.csv", 2, "b")),
        ('a,b,c\n1,"x"y,3\n', ("t.csv", 2, "b")),
        ('a,b,c\n1,2,"x\n4,5,6\n', ("t.csv", 2, "c")),
        ("a,b,c\n,,\n", ("t.csv", 2, None)),
        ("a,b,c\r1,2,3\r", ("t.csv", 1, None)),
        ("a,b\n1,2\n", ("t.csv", 1, "c")),
        ("a,b,c,d\n1,2,3,4\n", ("t.csv", 1, "d")),
        ("a,b,c,c\n1,2,3,4\n", ("t.csv", 1, "c")),
        ("a,b,c,\n1,2,3,\n", ("t.csv", 1, "column 4")),
        ("\na,b,c\n1,2,\x00\n", ("t.csv", 3, "c")),
        ("a,b,c\n", ("t.csv", 1, None)),
    ],
)
def test_structure(tmp_path: Path, content: str, expected: tuple) -> None:
    assert places(read(tmp_path, content).findings)[0] == expected


def test_an_open_quote_does_not_swallow_later_records(tmp_path: Path) -> None:
    table = read(tmp_path, 'a,b,c\n1,"2,3\n4,"5",6\n7,8\n')
    assert ["4", "5", "6"] in table.rows
    assert places(table.findings) == [
        ("t.csv", 2, "b"),
        ("t.csv", 2, "c"),
        ("t.csv", 4, "c"),
    ]


def test_blank_lines_and_missing_last_line_break_are_warnings(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b,c\n\n1,2,3\n4,5,6")
    assert table.rows == [["1", "2", "3"], ["4", "5", "6"]]
    assert table.lines == [3, 4]
    assert places(table.findings, "warning") == [("t.csv", 2, None), ("t.csv", 4, None)]
    assert places(table.findings) == []


def test_missing_file_and_folder(tmp_path: Path) -> None:
    assert "does not exist" in read_table(tmp_path / "no.csv", COLUMNS).findings[0].what
    assert "not a regular file" in read_table(tmp_path, COLUMNS).findings[0].what


def test_large_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    with path.open("wb") as handle:
        handle.truncate(2**40)
    assert "at most" in read_table(path, COLUMNS).findings[0].expected


def test_many_open_quotes_take_linear_time(tmp_path: Path) -> None:
    content = "a,b,c\n" + 'x,y,"z""\n' * 50_000
    start = time.perf_counter()
    table = read(tmp_path, content)
    assert time.perf_counter() - start < 10
    assert len(table.rows) == 50_000
    assert "49000 more errors" in table.findings[-1].what


LETTERS = st.characters(codec="utf-8", categories=("L", "N", "P", "S"))
CELLS = st.text(LETTERS | st.sampled_from('",;\n'), max_size=8)
RECORDS = st.lists(CELLS, min_size=3, max_size=3).filter(any)


@settings(max_examples=300)
@given(rows=st.lists(RECORDS, min_size=1, max_size=6))
def test_reads_what_the_csv_module_writes(tmp_path_factory, rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([COLUMNS, *rows])
    table = read(tmp_path_factory.mktemp("t"), out.getvalue())
    assert table.rows == rows
    assert places(table.findings) == []


FRAGMENTS = [
    *(b"a", b"b", b"c", b",", b";", b'"', b"\n", b"\r", b"\0", b"\xff", b"\xc3\xa9", b"\xe9"),
    *(b"a,b,c\n", b"1,2,3\n", b"\xef\xbb\xbf", b"\xe2\x80\xae", b"\xed\xa0\x80", b"=", b"<b>"),
]
PATCHWORK = st.lists(st.sampled_from(FRAGMENTS), max_size=60).map(b"".join)


@settings(max_examples=600, suppress_health_check=[HealthCheck.too_slow])
@given(content=st.binary(max_size=300) | PATCHWORK)
def test_no_bytes_make_the_reader_raise(tmp_path_factory, content: bytes) -> None:
    table = read(tmp_path_factory.mktemp("t"), content)
    assert len(table.rows) == len(table.lines)
    assert all(len(row) == 3 for row in table.rows)
    for finding in table.findings:
        assert "\n" not in str(finding)
        str(finding).encode("utf-8")
    for row in table.rows:
        "".join(row).encode("utf-8")
    lines = content.count(b"\n") + 1
    assert all(finding.line is None or 1 <= finding.line <= lines for finding in table.findings)
