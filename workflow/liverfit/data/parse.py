"""Typed reading of printed cells: numbers, counts and p-value expressions.

Strict on purpose: a cell is either understood without guessing or refused with advice. No
locale, no implicit missing value, no rounding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .findings import shown

MINUS = "\u2212"
LARGEST = 1e9

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_INTEGER = re.compile(r"[+-]?[0-9]{1,12}")
_COMMA = re.compile(r"[+-]?[0-9]+(?:[.\s'’][0-9]{3})*,[0-9]+")
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_LIMIT = re.compile(r"[<>≤≥~≈=].*", re.DOTALL)
_RANGE = re.compile(r"[+-]?[0-9.]+ *(?:-|–|—|to) *[+-]?[0-9.]+")
_PVALUE = re.compile(r"(?:[pP] *)?(<=|>=|=|<|>)? *([0-9]*\.?[0-9]+)")
_DASHES = "‐‑‒–—―﹣－"
_NOT_FINITE = {"inf", "infinity", "nan", "na", "n/a", "null", "none", "missing"}


class ParseError(ValueError):
    """A cell that cannot be read; ``what``, ``expected`` and ``remedy`` are ready for a finding."""

    def __init__(self, what: str, expected: str, remedy: str) -> None:
        super().__init__(what)
        self.what, self.expected, self.remedy = what, expected, remedy


@dataclass(frozen=True, slots=True)
class PValue:
    """A printed p-value.

    Parameters
    ----------
    op : {"=", "<", "<=", ">", ">=", "ns", "significant", "text"}
        Relation of p to ``value``; "ns" and "significant" are words without a number; "text" is
        an expression that is kept but not interpreted (a range, several p-values, ``<0.000``).
    value : float or None
        The printed number, between 0 and 1.
    """

    op: str
    value: float | None = None


def parse_number(text: str) -> float:
    """Read a printed decimal number.

    Accepts an ASCII sign or U+2212, a decimal point and an exponent.

    Raises
    ------
    ParseError
        For anything else: decimal comma, thousands separator, infinity, not-a-number, a
        magnitude above 1e9, units, ranges, inequalities.

    Examples
    --------
    >>> parse_number("\u22123.46")
    -3.46
    >>> parse_number(".5")
    0.5
    """
    candidate = text.replace(MINUS, "-", 1) if text.startswith(MINUS) else text
    if not _NUMBER.fullmatch(candidate):
        raise _why_not_a_number(text)
    value = float(candidate)
    if abs(value) > LARGEST:
        raise ParseError(
            "the number is too large to be a printed summary",
            f"a magnitude of at most {LARGEST:.0e}",
            "check the value and its unit against the source",
        )
    return value


def parse_integer(text: str) -> int:
    """Read a printed whole number.

    Raises
    ------
    ParseError
        When the text is not a whole number in ASCII digits.
    """
    if _INTEGER.fullmatch(text):
        return int(text)
    value = parse_number(text)
    remedy = "write the count without decimals, or leave the cell empty if it was not printed"
    raise ParseError(f"{value:g} is not written as a whole number", "a whole number", remedy)


def parse_pvalue(text: str) -> PValue:
    """Read a printed p-value expression; what is not one number is kept as text.

    Raises
    ------
    ParseError
        For a lone number outside [0, 1] or with a decimal comma.

    Examples
    --------
    >>> parse_pvalue("<.01")
    PValue(op='<', value=0.01)
    >>> parse_pvalue("NS")
    PValue(op='ns', value=None)
    >>> parse_pvalue(".003 to .01")
    PValue(op='text', value=None)
    """
    plain = text.strip().replace("≤", "<=").replace("≥", ">=")
    word = plain.lower()
    if word in ("ns", "n.s.", "not significant"):
        return PValue("ns")
    if word.startswith("significant"):
        return PValue("significant")
    match = _PVALUE.fullmatch(plain)
    if match is None:
        if re.fullmatch(r"[<>=]* *[0-9]*,[0-9]+", plain):
            raise ParseError(
                f"{_quoted(text)} has a decimal comma",
                "a decimal point",
                f"write {plain.replace(',', '.')}",
            )
        if re.fullmatch(rf"[<>=]* *[-{MINUS}+][0-9.]+", plain) or word in _NOT_FINITE:
            raise _impossible_p(text)
        return PValue("text")
    value = float(match[2])
    if value > 1:
        raise _impossible_p(text)
    # software prints p < 0.0005 as 0.000: no probability can be read off it
    return PValue(match[1] or "=", value) if value > 0 else PValue("text")


def _impossible_p(text: str) -> ParseError:
    return ParseError(
        f"{_quoted(text)} is no probability",
        "a number from 0 to 1, such as 0.03 or <0.05",
        "check it against the source, or leave the cell empty if no p was printed",
    )


def _why_not_a_number(text: str) -> ParseError:
    expected = "a number with a decimal point, such as -3.46"
    stripped = text.strip()
    if stripped != text:
        return ParseError(
            f"{_quoted(text)} has space around the number", expected, "delete the space"
        )
    if stripped.lstrip("+-" + MINUS).lower() in _NOT_FINITE:
        return ParseError(
            f"{_quoted(text)} is not a number",
            "a number, or an empty cell",
            "leave the cell empty when nothing was printed",
        )
    dashes = stripped.translate({ord(c): "-" for c in _DASHES})
    if dashes != stripped and _NUMBER.fullmatch(dashes):
        return ParseError(
            f"{_quoted(text)} begins with a dash that is not a minus sign",
            "'-' or U+2212 as minus sign",
            f"write {dashes}",
        )
    plain = dashes.replace(MINUS, "-")
    if _THOUSANDS.fullmatch(plain):
        return ParseError(
            f"{_quoted(text)} has a comma: decimal or thousands cannot be told apart",
            expected,
            f"write {plain.replace(',', '')} or {plain.replace(',', '.', 1)}, as the source means",
        )
    if _COMMA.fullmatch(plain):
        whole, decimals = plain.rsplit(",", 1)
        mended = re.sub(r"[^0-9+-]", "", whole) + "." + decimals
        return ParseError(f"{_quoted(text)} has a decimal comma", expected, f"write {mended}")
    if _LIMIT.fullmatch(plain):
        return ParseError(
            f"{_quoted(text)} is a limit, not a number",
            expected,
            "leave the cell empty and keep the printed text in as_reported or notes",
        )
    if _RANGE.fullmatch(plain):
        return ParseError(
            f"{_quoted(text)} is a range, not a number",
            expected,
            "put the two ends into lower and upper, or keep the text in as_reported or notes",
        )
    return ParseError(
        f"{_quoted(text)} is not a number",
        expected,
        "keep units and words in their own columns; leave the cell empty if nothing was printed",
    )


def _quoted(text: str) -> str:
    return shown(text, limit=40)


def number(cell: str) -> float | None:
    """Return the number in a cell, or None when it is empty or unreadable (found elsewhere)."""
    if not cell:
        return None
    try:
        return parse_number(cell)
    except ParseError:
        return None
