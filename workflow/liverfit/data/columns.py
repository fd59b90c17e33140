"""The vocabulary in which the tables of :mod:`liverfit.data.schema` are described."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a raw table.

    Parameters
    ----------
    name : str
    meaning : str
        What a cell says, for the data dictionary.
    kind : {"text", "id", "outcome", "number", "integer", "pvalue", "words", "doi", "url"}
        ``words`` is one of ``allowed``, or several of them separated by ";" when ``several``.
    required : bool
        Whether an empty cell is an error.
    allowed : tuple of str
        Permitted words.
    minimum, maximum : float or None
        Permitted range of numbers, both ends included.
    unit : str
        Unit of a number.
    strict : bool
        Whether a departure is an error; otherwise it is a warning.
    several : bool
        Whether words may be joined by ";".
    """

    name: str
    meaning: str
    kind: str = "text"
    required: bool = False
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""
    strict: bool = True
    several: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A raw table: its columns in order and the columns that together name a record."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Return the column names in declared order."""
        return [column.name for column in self.columns]


@dataclass(frozen=True, slots=True)
class Format:
    """A form in which a data set may come: the tables it must and may have."""

    name: str
    meaning: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[str, ...]:
        """Return all table names of the format."""
        return self.required + self.optional


def id_column(name: str, meaning: str, required: bool = True) -> Column:
    return Column(name, meaning, "id", required)


def words_column(
    name: str, meaning: str, words: str, required: bool = False, **more: bool
) -> Column:
    return Column(name, meaning, "words", required, tuple(words.split()), **more)


def number_column(
    name: str,
    meaning: str,
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
) -> Column:
    return Column(name, meaning, "number", minimum=low, maximum=high, unit=unit)


def count_column(name: str, meaning: str) -> Column:
    return Column(name, meaning, "integer", minimum=1, maximum=1_000_000, unit="participants")
