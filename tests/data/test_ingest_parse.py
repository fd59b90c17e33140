"""Numbers, counts and p-values: read without guessing or refused with advice."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liverfit.data.parse import ParseError, PValue, parse_integer, parse_number, parse_pvalue


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12.0),
        ("-3.46", -3.46),
        ("\u22123.46", -3.46),
        ("+0.8", 0.8),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("-0", 0.0),
        ("0.000000000001", 1e-12),
    ],
)
def test_numbers(text: str, value: float) -> None:
    assert parse_number(text) == value


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("12,5", "write 12.5"),
        ("1.234,5", "write 1234.5"),
        ("1,234", "write 1234 or 1.234"),
        ("-1,5", "write -1.5"),
        ("\u20133.4", "write -3.4"),
        (" 3", "delete the space"),
        ("3\u00a0", "delete the space"),
        ("inf", "leave the cell empty"),
        ("-Infinity", "leave the cell empty"),
        ("NaN", "leave the cell empty"),
        ("N/A", "leave the cell empty"),
        ("<5", "limit"),
        ("~60", "limit"),
        ("3-4", "lower and upper"),
        ("3 to 4", "lower and upper"),
        ("1e308", "too large"),
        ("1e999", "too large"),
        ("-99999999999", "too large"),
        ("5%", "units"),
        ("1_000", "units"),
        ("0x1f", "units"),
        ("٣", "units"),
        ("３", "units"),
        ("3 kg", "units"),
        ("--3", "units"),
        ("", "units"),
    ],
)
def test_what_is_no_number_is_refused_with_advice(text: str, fragment: str) -> None:
    with pytest.raises(ParseError) as refused:
        parse_number(text)
    error = refused.value
    assert fragment in f"{error.what}; {error.expected}; {error.remedy}"


def test_integers() -> None:
    assert parse_integer("17") == 17
    assert parse_integer("-2") == -2
    for text in ("17.0", "17.5", "1e2", "seventeen", "17 "):
        with pytest.raises(ParseError):
            parse_integer(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.03", PValue("=", 0.03)),
        ("=0.03", PValue("=", 0.03)),
        (".004", PValue("=", 0.004)),
        ("<0.05", PValue("<", 0.05)),
        ("< .001", PValue("<", 0.001)),
        ("P<0.05", PValue("<", 0.05)),
        ("p = .03", PValue("=", 0.03)),
        ("<.01", PValue("<", 0.01)),
        ("<=0.001", PValue("<=", 0.001)),
        ("≤0.001", PValue("<=", 0.001)),
        (">0.05", PValue(">", 0.05)),
        (">=0.606", PValue(">=", 0.606)),
        ("1", PValue("=", 1.0)),
        ("ns", PValue("ns")),
        ("NS", PValue("ns")),
        ("significant", PValue("significant")),
        ("significant (asterisk)", PValue("significant")),
        ("<0.000", PValue("text")),
        (".003 to .01", PValue("text")),
        ("0.01-0.05", PValue("text")),
        ("time 0.003; training x time 0.005", PValue("text")),
    ],
)
def test_pvalues(text: str, expected: PValue) -> None:
    assert parse_pvalue(text) == expected


@pytest.mark.parametrize("text", ["1.5", "-0.03", "<-0.1", "12", "0,03", "<0,05", "nan", "inf"])
def test_impossible_pvalues(text: str) -> None:
    with pytest.raises(ParseError):
        parse_pvalue(text)


@settings(max_examples=300)
@given(st.floats(-1e9, 1e9).map(lambda x: format(x, ".6f")))
def test_written_numbers_are_read_back(text: str) -> None:
    assert parse_number(text) == float(text)
    assert parse_number(text.replace("-", "\u2212")) == float(text)


@settings(max_examples=500)
@given(st.text(max_size=30) | st.text("0123456789.,-+eE<>= \u2212", max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_number, parse_integer):
        with suppress(ParseError):
            value = parse(text)
            assert math.isfinite(value)
            assert abs(value) <= 1e12
    with suppress(ParseError):
        p = parse_pvalue(text)
        assert p.value is None or 0 < p.value <= 1
