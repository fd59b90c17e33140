"""Findings: located, plainly worded statements about bad input, and the error that carries them.

Bad data never raises on its own: every check appends a :class:`Finding`, so that one run names
everything there is to mend. The module needs nothing beyond the standard library.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

ERROR = "error"
WARNING = "warning"

MAX_PER_FILE = 1000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with the input, where, and how to mend it.

    Parameters
    ----------
    path : str
        File (or folder) as a reader would type it, e.g. ``data/raw/NAME/arms.csv``.
    line : int or None
        Physical line, the header being line 1; None when the whole file is meant.
    column : str or None
        Column of the table, or key of dataset.yaml; None when the whole line is meant.
    what, expected, remedy : str
        What is wrong, what was expected, how to mend it.
    severity : {"error", "warning"}
        An error keeps the data set from being used, a warning does not.
    """

    path: str
    line: int | None
    column: str | None
    what: str
    expected: str
    remedy: str
    severity: str = ERROR

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        if self.column:
            where += f": {self.column}"
        prefix = "" if self.severity == ERROR else f"{self.severity}: "
        parts = [f"{prefix}{self.what}"]
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.remedy:
            parts.append(self.remedy)
        return f"{where}: {'; '.join(parts)}"

    def to_dict(self) -> dict[str, str | int | None]:
        """Return the fields as a JSON-able mapping."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: dict) -> Finding:
        """Rebuild a finding from :meth:`to_dict`."""
        return cls(**fields)


class DataError(ValueError):
    """Raised where a caller cannot go on; carries every finding, one a line in its text."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = list(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


class Findings:
    """Collector for one file: keeps order, caps the number and says how many were left out."""

    def __init__(self, path: str, limit: int = MAX_PER_FILE) -> None:
        self.path = path
        self.limit = limit
        self._kept: list[Finding] = []
        self._dropped = {ERROR: 0, WARNING: 0}

    def add(
        self,
        line: int | None,
        column: str | None,
        what: str,
        expected: str = "",
        remedy: str = "",
        severity: str = ERROR,
    ) -> None:
        """Append a finding at ``line`` and ``column`` of this file."""
        if len(self._kept) < self.limit:
            self._kept.append(Finding(self.path, line, column, what, expected, remedy, severity))
        else:
            self._dropped[severity] += 1

    def warn(self, line: int | None, column: str | None, what: str, *rest: str) -> None:
        """Append a warning; ``rest`` is what was expected and the remedy."""
        self.add(line, column, what, *rest, severity=WARNING)

    def __iter__(self) -> Iterator[Finding]:
        yield from sorted(self._kept, key=by_line)
        for severity, number in self._dropped.items():
            if number:
                yield Finding(
                    self.path,
                    None,
                    None,
                    f"{number} more {severity}s in this file are not listed",
                    "",
                    "mend the ones above and check again",
                    severity,
                )


def by_line(finding: Finding) -> float:
    """Sort key: by line, what concerns the whole file last."""
    return float("inf") if finding.line is None else finding.line


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that keep a data set from being used."""
    return [finding for finding in findings if finding.severity == ERROR]


def warnings(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that do not keep a data set from being used."""
    return [finding for finding in findings if finding.severity == WARNING]


def shown(text: object, limit: int = 60) -> str:
    """Quote a value for a message: cut at ``limit``, invisible and control characters escaped.

    Examples
    --------
    >>> shown("12,5")
    "'12,5'"
    >>> shown("a\\u202eb")
    "'a\\\\u202eb'"
    """
    value = str(text)
    cut = value if len(value) <= limit else value[: limit - 1] + "…"
    return f"'{printable(cut)}'"


def printable(text: object) -> str:
    r"""Return ``text`` on one line with nothing in it that a terminal would obey.

    Invisible, control and direction characters, line breaks among them, come out escaped.

    Examples
    --------
    >>> printable("\x1b[31mred")
    '\\x1b[31mred'
    """
    return "".join(
        c if c == " " or unicodedata.category(c)[0] not in "CZ" else _escaped(c) for c in str(text)
    )


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def display_path(path: Path) -> str:
    """Return ``path`` relative to the working folder when it lies inside it, else as given."""
    try:
        relative = path.absolute().relative_to(Path.cwd())
    except (ValueError, OSError):
        relative = path
    return shown(relative.as_posix(), limit=4096)[1:-1]
