"""Cells against the words beside them: `as_reported` keeps what the source prints.

A number that was mistyped, put on another unit or moved to another row no longer stands in the
words that were copied with it.
"""

from __future__ import annotations

import re

from .checks import records
from .findings import Findings, shown
from .parse import MINUS, ParseError, number, parse_pvalue
from .table import RawTable

NUMBERS = ("center", "spread", "lower", "upper")
_NUMBER = re.compile(r"(?:[0-9]+(?:[.,·][0-9]+)*|\.[0-9]+)(?:[eE][-+−]?[0-9]+)?")
_MINUS = re.compile(rf"(?<![0-9.)%/]) ?[-{MINUS}–] ?$")
_PLUS = re.compile(r"\+ ?$")
_SE = re.compile(r"\b(?:SEM|SE|s\.e\.(?:m\.)?|standard errors?)\b", re.IGNORECASE)
_SD = re.compile(r"\b(?:SDs?|s\.d\.|standard deviations?)\b", re.IGNORECASE)
_P = re.compile(r"\b[pP][ -]?(?:values?)?\s*(?:[<>=≤≥]+|was|of)?\s*(0?[.,·][0-9]+)")
_WAY = re.compile(
    r"\b(?:(?P<fall>decreas|reduc|fell\b|declin|dropp|lost\b|lower)"
    r"|(?P<rise>increas|rose\b|rise\b|raised|gained|higher))[^;.()]*$",
    re.IGNORECASE,
)
_WAY_AFTER = re.compile(
    r"^[^;:]{0,40}?\b(?:(?P<fall>decreas|reduc|loss\b|fall\b|declin|drop|lower\b|less\b)"
    r"|(?P<rise>increas|rise\b|gain\b|higher\b))",
    re.IGNORECASE,
)
_COPY = "copy both from the source once more"


def check_as_printed(line: int, r: dict[str, str], found: Findings) -> None:
    """Warn where a number, its sign, a p or the kind of a spread is not what `as_reported` says.

    Parameters
    ----------
    line : int
    r : dict
        A record of measurements.
    found : Findings
        Collector of the table's file.

    Notes
    -----
    Words without numbers are passed over. A sign is doubted only where every place of the number
    in the words has the other one in print. Prose such as "fell by 3.2" or "a 12 % reduction" has
    none; the centre of a change or contrast is then held to the word before it, else behind it.
    """
    words = r["as_reported"]
    places = list(_NUMBER.finditer(words))
    printed = [(_readings(m[0]), _sign(words[: m.start()])) for m in places]
    for column in NUMBERS if printed else ():
        value = number(r[column])
        if value is None:
            continue
        signs = {sign for readings, sign in printed if abs(value) in readings}
        if not signs:
            what = f"{shown(r[column], 30)} does not stand in as_reported {shown(words)}"
            found.warn(line, column, what, "the number as it is printed", _COPY)
        elif column != "spread" and signs == ({"-"} if value > 0 else {"+"}):
            what = f"{shown(r[column], 30)} has another sign in as_reported {shown(words)}"
            found.warn(line, column, what, "the sign as it is printed", _COPY)
        elif column == "center" and r["timepoint"] in ("change", "contrast") and signs == {""}:
            here = [m for m in places if abs(value) in _readings(m[0])]
            ways = {_way(words[: m.start()]) or _way_after(words[m.end() :]) for m in here}
            if ways == ({"fall"} if value > 0 else {"rise"}):
                what = f"{shown(r[column], 30)} goes the other way in as_reported {shown(words)}"
                found.warn(line, column, what, "the direction of the words", _COPY)
    _check_kind(line, r, found)
    _check_p(line, r, found)


def check_has_words(line: int, r: dict[str, str], found: Findings) -> None:
    """Warn where a number stands beside words that hold none: nothing would show a slip of it."""
    words = r["as_reported"]
    filled = [column for column in NUMBERS if number(r[column]) is not None]
    if filled and not _NUMBER.search(words):
        what = f"no number stands in as_reported {shown(words)} beside {filled[0]}"
        remedy = "copy the words that print it; without them a slip of the hand shows nowhere"
        found.warn(line, "as_reported", what, "the words with the number", remedy)


def check_order(table: RawTable, found: Findings) -> None:
    """Warn where baseline and end of one arm stand in the other order in the words they share.

    "From 20.1 to 17.4" gives the baseline first. Values that recur in the words are passed over.

    Parameters
    ----------
    table : RawTable
        The table of measurements.
    found : Findings
        Collector of its file.
    """
    pairs: dict[tuple[str, ...], dict[str, tuple[int, str]]] = {}
    for line, r in records(table):
        if r["timepoint"] in ("baseline", "post") and r["center"] and r["as_reported"]:
            key = tuple(r[k] for k in ("trial_id", "arm_id", "outcome", "unit", "as_reported"))
            pairs.setdefault(key, {}).setdefault(r["timepoint"], (line, r["center"]))
    for key, pair in pairs.items():
        if len(pair) < 2:
            continue
        places = {visit: _places(cell, key[-1]) for visit, (_, cell) in pair.items()}
        if any(len(at) != 1 for at in places.values()) or places["baseline"] <= places["post"]:
            continue
        line, cell = pair["baseline"]
        what = f"the baseline {shown(cell, 30)} stands behind the end in as_reported"
        remedy = f"check whether this line and line {pair['post'][0]} changed places"
        found.warn(line, "timepoint", what, "the baseline first", remedy)


def _places(cell: str, words: str) -> list[int]:
    """Return where in the words a number stands."""
    value = number(cell)
    if value is None:
        return []
    return [m.start() for m in _NUMBER.finditer(words) if abs(value) in _readings(m[0])]


def _sign(before: str) -> str:
    """Return the sign at the end of what stands before a number; a dash behind a number is none."""
    return "-" if _MINUS.search(before) else "+" if _PLUS.search(before) else ""


def _way(before: str) -> str:
    """Return "fall" or "rise", as the last such verb of a clause says of the number behind it.

    >>> _way("liver fat fell by "), _way("increased, while fat fell by "), _way("fell from 9 to ")
    ('fall', 'fall', '')
    """
    found = None
    while match := _WAY.search(before, 0 if found is None else found.end(found.lastgroup)):
        found = match
    to_an_end = re.search(r"\b(?:to|from)\s*$", before) is not None
    return "" if found is None or to_an_end else str(found.lastgroup)


def _way_after(text: str) -> str:
    """Return "fall" or "rise", as the first such word soon behind a number says.

    >>> _way_after("% reduction"), _way_after(" kg (8%) higher"), _way_after("; fat decreased")
    ('fall', 'rise', '')
    """
    match = _WAY_AFTER.search(text)
    return "" if match is None else str(match.lastgroup)


def _readings(text: str) -> set[float]:
    """Return what a printed number may mean: a comma or raised dot is decimal, or is not."""
    texts = {text, text.replace(",", "."), text.replace(",", ""), text.replace("·", ".")}
    found = set()
    for candidate in texts:
        try:
            found.add(float(candidate.replace(MINUS, "-")))
        except ValueError:
            continue
    return found


def _check_kind(line: int, r: dict[str, str], found: Findings) -> None:
    says_se, says_sd = bool(_SE.search(r["as_reported"])), bool(_SD.search(r["as_reported"]))
    for kind, says, contrary in (("sd", says_sd, says_se), ("se", says_se, says_sd)):
        if r["spread_type"] == kind and contrary and not says:
            what = (
                f"spread_type is {kind} but as_reported {shown(r['as_reported'])} names the other"
            )
            found.warn(line, "spread_type", what, "the kind that is printed", _COPY)


def _check_p(line: int, r: dict[str, str], found: Findings) -> None:
    """Warn where the words print p-values and that of the cell is not among them."""
    printed = set().union(*(_readings(text) for text in _P.findall(r["as_reported"])))
    try:
        value = parse_pvalue(r["p_value"]).value if printed and r["p_value"] else None
    except ParseError:
        return  # told where cells are checked
    if value is not None and value not in printed:
        what = (
            f"p {shown(r['p_value'], 30)} does not stand in as_reported {shown(r['as_reported'])}"
        )
        found.warn(line, "p_value", what, "a p that is printed there", _COPY)
