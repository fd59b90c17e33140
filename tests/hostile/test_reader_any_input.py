"""The reader on anything at all: findings, never a traceback, and nothing invented."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liverfit.data.descriptor import read_descriptor
from liverfit.data.findings import Findings
from liverfit.data.parse import ParseError, parse_integer, parse_number, parse_pvalue
from liverfit.data.table import read_table

COLUMNS = ["trial_id", "arm_id", "center"]
ANY = settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=12)


def read(folder: Path, data: bytes, delimiter: str = ","):
    path = folder / "any.csv"
    path.write_bytes(data)
    return read_table(path, COLUMNS, delimiter=delimiter)


@ANY
@given(data=st.binary(max_size=400), delimiter=st.sampled_from(",;\t"))
def test_any_bytes(tmp_path: Path, data: bytes, delimiter: str) -> None:
    table = read(tmp_path, data, delimiter)
    assert len(table.rows) == len(table.lines)
    assert all(len(row) == len(COLUMNS) for row in table.rows)
    assert table.rows or table.findings
    for finding in table.findings:
        assert "\n" not in str(finding)
        str(finding).encode("utf-8")


@ANY
@given(text=st.text(max_size=300), head=st.booleans())
def test_any_text(tmp_path: Path, text: str, head: bool) -> None:
    header = "trial_id,arm_id,center\n" if head else ""
    data = (header + text).encode("utf-8", "surrogatepass")
    table = read(tmp_path, data)
    for row in table.rows:
        "".join(row).encode("utf-8")


@ANY
@given(rows=st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=6))
def test_what_is_written_properly_is_read_back(tmp_path: Path, rows: list[list[str]]) -> None:
    quoted = [",".join('"' + c.replace('"', '""') + '"' for c in r) for r in [COLUMNS, *rows]]
    table = read(tmp_path, ("\n".join(quoted) + "\n").encode())
    kept = [row for row in rows if any(row)]
    assert table.rows == kept
    assert len(rows) == len(kept) or table.findings


@ANY
@given(text=st.text(max_size=40))
def test_any_cell_is_a_number_or_refused(text: str) -> None:
    for parse in (parse_number, parse_integer, parse_pvalue):
        with suppress(ParseError):
            value = parse(text)
            assert value is not None
            if parse is parse_number:
                assert abs(value) <= 1e9
                assert value == float(text.replace("−", "-", 1))


@ANY
@given(data=st.binary(max_size=300))
def test_any_descriptor(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "dataset.yaml"
    path.write_bytes(data)
    found = Findings("dataset.yaml")
    assert isinstance(read_descriptor(path, found), dict)
    assert list(found)


@ANY
@given(text=st.text(st.sampled_from("abc:-[]{}&*!|>#'\"\n %@`,?0x.~"), max_size=120))
def test_any_yaml_like_text(tmp_path: Path, text: str) -> None:
    path = tmp_path / "dataset.yaml"
    path.write_text(text, encoding="utf-8")
    found = Findings("dataset.yaml")
    read_descriptor(path, found)
    assert list(found)
