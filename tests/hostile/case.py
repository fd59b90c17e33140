"""A small part of a real data set, to be damaged in one place at a time."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from liverfit.data.registry import write_checksums

TABLES = ("trials", "arms", "measurements")
TRIALS_A_BLOCK = 6
BLOCKS = 8
Place = tuple[str, int | None]

DESCRIPTOR = """\
title: Part of a real data set
description: Some trials of a real data set, to be damaged on purpose.
citation: The liverfit authors
licence: CC-BY-4.0
contact: The liverfit project
format: arms
interventions: [exercise]
files:
  trials: { file: trials.csv, delimiter: ",", encoding: utf-8 }
  arms: { file: arms.csv, delimiter: ",", encoding: utf-8 }
  measurements: { file: measurements.csv, delimiter: ",", encoding: utf-8 }
"""


@dataclass
class Case:
    """The files of a data set in memory.

    Attributes
    ----------
    rng : random.Random
        The only source of chance.
    tables : dict
        Rows of cells by table, the header first; row i stands on line i + 1.
    descriptor : str
        dataset.yaml.
    files : dict
        Bytes that take the place of a file, by its name.
    name : str
        Name of the folder.
    renew : bool
        Whether SHA256SUMS is written after the damage, as after a mistake of an extractor, or was
        written before it, as with a file that broke later.
    after : callable or None
        Called with the folder once all is written, for what only the file system can do.
    """

    rng: random.Random
    tables: dict[str, list[list[str]]]
    descriptor: str = DESCRIPTOR
    files: dict[str, bytes] = field(default_factory=dict)
    name: str = "part"
    renew: bool = True
    after: Callable[[Path], None] | None = None

    def copy(self, rng: random.Random) -> Case:
        """Return an independent copy with its own chance."""
        tables = {name: [list(row) for row in rows] for name, rows in self.tables.items()}
        return Case(rng, tables, self.descriptor, dict(self.files), self.name)

    def at(self, table: str, column: str) -> int:
        """Return the place of a column."""
        return self.tables[table][0].index(column)

    def get(self, table: str, row: int, column: str) -> str:
        """Return a cell."""
        return self.tables[table][row][self.at(table, column)]

    def put(self, table: str, row: int, column: str, value: str) -> Place:
        """Change a cell and return its place."""
        self.tables[table][row][self.at(table, column)] = value
        return f"{table}.csv", row + 1

    def pick(self, table: str, test: Callable[[dict[str, str]], bool]) -> int | None:
        """Return the index of a random row that passes the test; None when none does."""
        header, *rows = self.tables[table]
        fit = [i + 1 for i, row in enumerate(rows) if test(dict(zip(header, row, strict=True)))]
        return self.rng.choice(fit) if fit else None

    def records(self, table: str) -> list[tuple[int, dict[str, str]]]:
        """Return (index, record) of every row."""
        header, *rows = self.tables[table]
        return [(i + 1, dict(zip(header, row, strict=True))) for i, row in enumerate(rows)]

    def csv(self, table: str) -> bytes:
        """Return a table as the file it will be."""
        if f"{table}.csv" in self.files:
            return self.files[f"{table}.csv"]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(self.tables[table])
        return text.getvalue().encode("utf-8")

    def write(self, root: Path) -> Path:
        """Write the data set below ``root`` and return its folder."""
        folder = root / self.name
        folder.mkdir(parents=True)
        contents = {"dataset.yaml": self.descriptor.encode("utf-8", "surrogatepass")}
        contents |= {f"{table}.csv": self._sound(table) for table in self.tables}
        for name, data in contents.items():
            (folder / name).write_bytes(data)
        if not self.renew:
            write_checksums(folder)
        for name, data in self.files.items():
            (folder / name).write_bytes(data)
        if self.renew:
            write_checksums(folder)
        if self.after is not None:
            self.after(folder)
        return folder

    def _sound(self, table: str) -> bytes:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(self.tables[table])
        return text.getvalue().encode("utf-8", "surrogatepass")


def blocks(dataset: Path, seed: int) -> list[Case]:
    """Draw from a real data set some parts of six trials, each whole with arms and measurements."""
    tables = {}
    for table in TABLES:
        with (dataset / f"{table}.csv").open(newline="", encoding="utf-8") as file:
            tables[table] = list(csv.reader(file))
    rng = random.Random(f"{seed}:{dataset.name}")
    names = [row[tables["trials"][0].index("trial_id")] for row in tables["trials"][1:]]
    measured = {row[0] for row in tables["measurements"][1:]}
    names = [name for name in names if name in measured]
    rng.shuffle(names)
    found = []
    for start in range(0, TRIALS_A_BLOCK * BLOCKS, TRIALS_A_BLOCK):
        kept = set(names[start : start + TRIALS_A_BLOCK])
        part = {}
        for table, (header, *rows) in tables.items():
            at = header.index("trial_id")
            whole = [row for row in rows if row[at] in kept and not any("\n" in c for c in row)]
            part[table] = [header, *whole]
        found.append(Case(rng, part))
    return found
