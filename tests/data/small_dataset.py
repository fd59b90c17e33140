"""A small valid data set to be broken in one place at a time."""

from __future__ import annotations

from pathlib import Path

from liverfit.data.dataset import Dataset, load_dataset
from liverfit.data.examples import EXAMPLES
from liverfit.data.findings import Finding
from liverfit.data.registry import write_checksums
from liverfit.data.schema import TABLES

DESCRIPTOR = """\
title: A small data set
description: Two trials, made up for the tests.
citation: Nobody
licence: CC-BY-4.0
contact: The liverfit project
format: arms
interventions: [exercise]
files:
  trials: { file: trials.csv, delimiter: ",", encoding: utf-8 }
  arms: { file: arms.csv, delimiter: ",", encoding: utf-8 }
  measurements: { file: measurements.csv, delimiter: ",", encoding: utf-8 }
"""

TRIAL = EXAMPLES["trials"][0] | {"first_author": "Alpha", "year": "2015"}
ARM = EXAMPLES["arms"][0] | {"arm_label": "exercise"}
MEASUREMENT = EXAMPLES["measurements"][0] | {
    "trial_id": "alpha2015",
    "center": "-3.2",
    "spread": "2.1",
}
SOURCE = MEASUREMENT["source_url"]


def csv_line(table: str, **cells: str) -> str:
    """Return one CSV line of ``table`` without its line break."""
    return ",".join(cells.get(name, "") for name in TABLES[table].names)


def measurement(**cells: str) -> str:
    """Return a valid measurement line (alpha2015, ex) with some cells replaced, and the words that
    print its numbers where none are given."""
    filled = {**MEASUREMENT, **cells}
    numbers = [filled[c] for c in ("center", "spread", "lower", "upper") if filled.get(c)]
    words = " and ".join(number.strip('"') for number in numbers)
    return csv_line("measurements", **filled | {"as_reported": f'"{words}"'} | cells)


def small_tables() -> dict[str, list[str]]:
    """Return the lines of the three tables, header first."""
    lines = {name: [",".join(TABLES[name].names)] for name in ("trials", "arms", "measurements")}
    for trial in ("alpha2015", "beta2016"):
        lines["trials"].append(csv_line("trials", **{**TRIAL, "trial_id": trial}))
        for arm, role, modality in (
            ("ex", "intervention", "aerobic"),
            ("con", "control", "control"),
        ):
            cells = {"trial_id": trial, "arm_id": arm, "role": role, "modality": modality}
            lines["arms"].append(csv_line("arms", **{**ARM, **cells}))
    lines["measurements"] += [
        measurement(),
        measurement(arm_id="con", center="0.4"),
        measurement(trial_id="beta2016", center="-2.5", spread_type="se"),
        measurement(
            trial_id="beta2016",
            timepoint="contrast",
            comparator_arm_id="con",
            center="-2.0",
            spread_type="ci95",
            spread="",
            lower="-3.0",
            upper="-1.0",
            p_value="<0.001",
            p_scope="between",
        ),
    ]
    return lines


class Folder:
    """A data set folder on disk, with helpers to break it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = small_tables()
        self.descriptor = DESCRIPTOR

    def write(self, name: str, content: str | bytes) -> None:
        """Write a file of the folder and renew the checksums."""
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        (self.path / name).write_bytes(data)
        write_checksums(self.path)

    def build(self) -> Folder:
        """Write all files as they are in memory."""
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / "dataset.yaml").write_text(self.descriptor, encoding="utf-8")
        for name, lines in self.lines.items():
            self.write(f"{name}.csv", "\n".join(lines) + "\n")
        return self

    def load(self) -> Dataset:
        """Build and load."""
        return load_dataset(self.build().path)

    def findings(self) -> list[Finding]:
        """Build, load and return what was found."""
        return self.load().findings


def places(findings: list[Finding], severity: str = "error") -> list[tuple]:
    """Return (file name, line, column) of the findings of one severity."""
    return [
        (f.path.rsplit("/", 1)[-1], f.line, f.column) for f in findings if f.severity == severity
    ]
