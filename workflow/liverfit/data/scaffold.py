"""The skeleton of a new data set: description, empty tables, and a README of every column."""

from __future__ import annotations

import re
import shutil
import unicodedata
from pathlib import Path

import yaml

from .descriptor import SCHEMA
from .dictionary import values_of
from .findings import DataError, Finding, Findings, display_path, shown
from .registry import DESCRIPTOR, valid_name
from .schema import FORMATS, TABLES

MAX_NAME = 60
_PAGE = "https://example.org/paper"
EXAMPLES: dict[str, dict[str, str]] = {
    "trials": {
        "trial_id": "doe2030",
        "first_author": "Doe",
        "year": "2030",
        "design": "parallel_rct",
        "randomised": "yes",
        "condition": "nafld;obesity",
        "diet_cointervention": "none",
        "liver_fat_method": "1H-MRS",
        "weight_result": "no_change",
        "source_url": _PAGE,
        "extractors": "E1",
    },
    "arms": {
        "trial_id": "doe2030",
        "arm_id": "ex",
        "arm_label": "Cycling",
        "role": "intervention",
        "modality": "aerobic",
        "n_randomised": "20",
        "n_analysed": "18",
        "weeks": "12",
        "sessions_per_week": "3",
        "minutes_per_session": "45",
        "intensity": "65 % VO2peak",
        "supervised": "yes",
        "source_url": _PAGE,
        "lead_extractor": "E1",
    },
    "measurements": {
        "trial_id": "doe2030",
        "arm_id": "ex",
        "outcome": "liver_fat",
        "method": "1H-MRS",
        "unit": "percent",
        "timepoint": "change",
        "week": "12",
        "n": "18",
        "center_type": "mean",
        "center": "-3.1",
        "spread_type": "sd",
        "spread": "2.4",
        "as_reported": "-3.1 (SD 2.4)",
        "location": "table",
        "source_type": "primary",
        "source_url": _PAGE,
        "extractor": "E1",
    },
    "reviews": {
        "review_id": "roe2031",
        "first_author": "Roe",
        "year": "2031",
        "outcome": "liver fat",
        "comparison": "aerobic training vs control",
        "k": "9",
        "n": "412",
        "measure": "MD",
        "unit": "percentage points",
        "estimate": "-2.6",
        "ci_lower": "-3.9",
        "ci_upper": "-1.3",
        "i2": "41",
        "as_reported": "MD -2.6 (95% CI -3.9 to -1.3), I2 41%",
        "source_url": _PAGE,
        "extractor": "E1",
    },
}


def name_problems(root: Path, name: str) -> list[Finding]:
    """Say why no data set ``name`` can be made in ``root``, with a name that would do.

    Parameters
    ----------
    root : Path
        Folder of the data sets, usually data/raw.
    name : str
        The name asked for; anything a user can type.

    Returns
    -------
    list of Finding
        Empty when the data set can be made.
    """
    found = Findings(display_path(Path(root)))
    if not valid_name(name) or len(name) > MAX_NAME:
        what = f"{shown(name)} cannot name a data set"
        expected = f"at most {MAX_NAME} lower-case letters, digits and underscores"
        found.add(None, None, what, expected, f"for example {suggested_name(name)}")
    elif (Path(root) / name).exists() or (Path(root) / name).is_symlink():
        what = f"{shown(name)} is there already"
        remedy = f"add rows to its tables, remove the folder, or call it {name}_2"
        found.add(None, None, what, "a name that is not taken", remedy)
    return list(found)


def suggested_name(name: str) -> str:
    """Return a permitted name as near as can be to ``name``.

    Examples
    --------
    >>> suggested_name("Études 2030/liver")
    'etudes_2030_liver'
    >>> suggested_name("../..")
    'my_trials'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return words[:MAX_NAME].strip("_") or "my_trials"


def new_dataset(root: Path, name: str, form: str) -> list[Path]:
    """Write the skeleton of a data set; all of it or nothing.

    Parameters
    ----------
    root : Path
        Folder of the data sets, usually data/raw; it has to exist.
    name : str
        Name of the new data set.
    form : str
        A format of :data:`liverfit.data.schema.FORMATS`.

    Returns
    -------
    list of Path
        The files written: dataset.yaml, README.md, CHANGES.md and a table with nothing but its
        header for each table of the format.

    Raises
    ------
    DataError
        When the name cannot be used.
    OSError
        When the folder cannot be written.
    """
    root = Path(root)
    problems = name_problems(root, name)
    if problems:
        raise DataError(problems)
    tables = _tables(form)
    files = {DESCRIPTOR: _descriptor(form), "README.md": readme(name, form), "CHANGES.md": _CHANGES}
    for table in tables:
        files[f"{table}.csv"] = ",".join(TABLES[table].names) + "\n"
    beside = root / f".{name}.new"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    try:
        for file, text in files.items():
            (beside / file).write_text(text, encoding="utf-8", newline="\n")
        beside.rename(root / name)
    except OSError:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return [root / name / file for file in files]


def example_line(table: str) -> str:
    """Return the example record of a table as a line of CSV, or "" where there is none."""
    cells = EXAMPLES.get(table, {})
    line = [cells.get(column, "") for column in TABLES[table].names]
    return ",".join(f'"{c}"' if "," in c else c for c in line) if cells else ""


def readme(name: str, form: str) -> str:
    """Return the README of a new data set: what to do, and every column with an example."""
    parts = [_README.format(name=name, form=form, meaning=FORMATS[form].meaning)]
    for table in _tables(form):
        spec, cells = TABLES[table], EXAMPLES.get(table, {})
        key = ", ".join(f"`{column}`" for column in spec.key)
        parts.append(f"### {table}.csv\n\n{spec.meaning} No two rows agree in all of {key}.\n")
        if cells:
            parts.append(
                f"An example row, not part of the data:\n\n```csv\n{example_line(table)}\n```\n"
            )
        lines = ["| column | meaning | values | required | example |", "|---|---|---|---|---|"]
        for column in spec.columns:
            meaning = column.meaning.replace("|", "\\|")
            needed, cell = "yes" if column.required else "", cells.get(column.name, "")
            example = f"`{cell}`" if cell else ""
            row = (f"`{column.name}`", meaning, values_of(column), needed, example)
            lines.append(f"| {' | '.join(row)} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _tables(form: str) -> tuple[str, ...]:
    return FORMATS[form].required or FORMATS[form].tables


def _descriptor(form: str) -> str:
    """Return a dataset.yaml whose empty values `liverfit check` asks for one by one."""
    properties = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))["properties"]
    lines = [f"# What `liverfit check` still misses here it says by line. Format {form}."]
    for key in ("title", "description", "citation", "licence", "contact"):
        value = "CC-BY-4.0" if key == "licence" else '""'
        lines += [f"# {properties[key]['description']}", f"{key}: {value}"]
    lines.append(f"format: {form}")
    if form in _WITH_INTERVENTIONS:
        lines += [f"# {properties['interventions']['description']}", "interventions: [exercise]"]
    lines.append("files:")
    for table in _tables(form):
        lines.append(f'  {table}: {{ file: {table}.csv, delimiter: ",", encoding: utf-8 }}')
    return "\n".join(lines) + "\n"


_WITH_INTERVENTIONS = ("arms",)
_CHANGES = """\
# Changes

Departures from the tables as first published, newest first, each with file, line and reason.

None so far.
"""
_README = """\
# {name}

Data set of format `{form}`: {meaning} Say here where the numbers come from.

1. Fill in `dataset.yaml`, and one line a row in the tables below.
2. `liverfit checksum {name}` records the files, so that a later change is noticed.
3. `liverfit check {name}` lists what is wrong, each finding with its line.

An empty cell means that nothing was printed. Numbers have a decimal point. A cell that contains a
comma is put in double quotes. Values marked † are usual, not obligatory. The tables hold data only:
no comments, no blank lines.
"""
