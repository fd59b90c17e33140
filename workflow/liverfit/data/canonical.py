"""Spellings, units and scales: from what is printed to what can be compared.

The spelling variants are data (curation/normalise.csv); units, aliases and scales are configuration
(config/outcomes.yaml). Nothing here looks at more than one row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

RELATIVE = "percent_relative"
_NOTE = re.compile(r"\s+\((?:[^()]|\([^()]*\))*\)\s*$")
_COLUMN = re.compile(r"^(?P<column>\w+)(?:\[(?P<scope>.+)\])?$")


class UnknownUnit(ValueError):
    """A printed unit that config/outcomes.yaml does not know for this outcome."""

    def __init__(self, outcome: str, unit: str, known: list[str]):
        self.outcome, self.unit, self.known = outcome, unit, known
        super().__init__(f"unknown unit {unit!r} for {outcome}")


def without_note(canonical: str) -> tuple[str, str]:
    """Split a canonical spelling from the curator's bracketed note behind it.

    >>> without_note("HU (own unit; higher is less fat)")
    ('HU', 'own unit; higher is less fat')
    >>> without_note("1e-4/min/(uU/mL)")
    ('1e-4/min/(uU/mL)', '')
    """
    match = _NOTE.search(canonical)
    if not match:
        return canonical, ""
    return canonical[: match.start()], match.group().strip()[1:-1]


@dataclass
class Spellings:
    """The rules of curation/normalise.csv, looked up by table, column, scope and found text."""

    rules: dict[tuple[str, str, str, str], tuple[str, str]] = field(default_factory=dict)
    rows: dict[tuple[str, str, str, str], str] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)

    @classmethod
    def from_rows(cls, rows: list[dict]) -> Spellings:
        out = cls()
        for row in rows:
            match = _COLUMN.match(row["column"])
            column, scope = match["column"], match["scope"] or ""
            key = (row["table"], column, scope, row["found"])
            out.rules[key] = without_note(row["canonical"])
            out.rows[key] = row.get("row_id", "")
        return out

    def canonical(self, table: str, column: str, found: str, *scopes: str) -> tuple[str, str]:
        """The canonical spelling of `found` and the curator's note; narrower scopes come first."""
        for scope in (*scopes, ""):
            key = (table, column, scope, found)
            if key in self.rules:
                self.used[self.rows[key]] = self.used.get(self.rows[key], 0) + 1
                return self.rules[key]
        return found, ""


@dataclass(frozen=True)
class Scale:
    """Where a printed number lies: the scale's name and the way there."""

    name: str
    factor: float = 1.0
    offset: float = 0.0
    sign: int = 1
    canonical: bool = False
    relative: bool = False

    def level(self, x: float | None) -> float | None:
        return None if x is None else x * self.factor + self.offset

    def difference(self, x: float | None) -> float | None:
        return None if x is None else x * self.factor


class Outcomes:
    """The outcomes of config/outcomes.yaml: aliases, units and scales."""

    def __init__(self, outcomes: dict):
        self.entries = outcomes
        self.alias = {a: name for name, o in outcomes.items() for a in o.get("aliases", ())}
        self.alias.update({name: name for name in outcomes})

    def name(self, outcome: str) -> str | None:
        """The outcome's name in the analysis, or None where it is not analysed."""
        return self.alias.get(outcome)

    def unit(self, outcome: str, unit: str, printed_method: str) -> str:
        """The unit, corrected where the printed method shows another one was meant."""
        for rule in self.entries[outcome].get("scale_by_method", ()):
            if unit == rule["from"] and re.search(rule["pattern"], printed_method, re.I):
                return rule["to"]
        return unit

    def scale(self, outcome: str, unit: str, method: str = "") -> Scale:
        """The scale on which a number with this unit lies; raises UnknownUnit."""
        if unit == RELATIVE:
            return Scale(RELATIVE, relative=True, sign=self._sign(outcome, {}, method))
        entry = self.entries[outcome]
        units = {("" if u is None else str(u)): spec for u, spec in entry["units"].items()}
        if unit not in units:
            raise UnknownUnit(outcome, unit, sorted(u for u in units if u))
        spec = units[unit]
        return Scale(
            spec["scale"],
            spec.get("factor", 1.0),
            spec.get("offset", 0.0),
            self._sign(outcome, spec, method),
            canonical=spec["scale"] == entry["canonical"],
        )

    def _sign(self, outcome: str, spec: dict, method: str) -> int:
        patterns = self.entries[outcome].get("resistance_methods", ())
        if any(re.search(p, method) for p in patterns):
            return -1
        return spec.get("sign", 1)
