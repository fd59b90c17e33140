"""The skeleton of a new data set: description, empty tables, and a README of every column."""

from __future__ import annotations

import re
import shutil
import unicodedata
from pathlib import Path

import yaml

from .columns import Column
from .descriptor import SCHEMA
from .dictionary import values_of
from .examples import COLUMNS, EXAMPLES, MAPPINGS
from .findings import DataError, Finding, Findings, display_path, shown
from .records import COMMENT
from .registry import DESCRIPTOR, valid_name
from .schema import FORMATS, MAPPED, TABLES

MAX_NAME = 60


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
        The files written: dataset.yaml, README.md, CHANGES.md and, for each table of the format,
        one with its header and commented example rows.

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
        header = ",".join(column.name for column in columns_of(table))
        lines = [header, *(COMMENT + line for line in example_lines(table))]
        files[f"{table}.csv"] = "\n".join(lines) + "\n"
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


def columns_of(table: str) -> tuple[Column, ...]:
    """Return the columns of a table; of a mapped one those that the skeleton begins with."""
    return TABLES[table].columns or COLUMNS[table]


def example_lines(table: str) -> list[str]:
    """Return the example records of a table as lines of CSV; [] where there are none."""
    lines = []
    for cells in EXAMPLES.get(table, []):
        line = [cells.get(column.name, "") for column in columns_of(table)]
        lines.append(",".join(f'"{c}"' if "," in c else c for c in line))
    return lines


def readme(name: str, form: str) -> str:
    """Return the README of a new data set: what to do, and every column with an example."""
    parts = [_README.format(name=name, form=form, meaning=FORMATS[form].meaning)]
    if form in MAPPED:
        parts.append(_OWN_COLUMNS)
    for table in _tables(form):
        spec, examples = TABLES[table], EXAMPLES.get(table, [])
        parts.append(f"### {table}.csv\n\n{spec.meaning}{_key(spec.key)}\n")
        if examples:
            lines = "\n".join(example_lines(table))
            parts.append(f"For example, not part of the data:\n\n```csv\n{lines}\n```\n")
        lines = ["| column | meaning | values | required | example |", "|---|---|---|---|---|"]
        for column in columns_of(table):
            meaning = column.meaning.replace("|", "\\|")
            needed = "yes" if column.required else ""
            cell = next(iter(examples), {}).get(column.name, "")
            example = f"`{cell}`" if cell else ""
            row = (f"`{column.name}`", meaning, values_of(column), needed, example)
            lines.append(f"| {' | '.join(row)} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _key(key: tuple[str, ...]) -> str:
    names = ", ".join(f"`{column}`" for column in key)
    return f" No two rows agree in all of {names}." if key else ""


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
    if form in ("arms", *MAPPED):
        lines += [f"# {properties['interventions']['description']}", "interventions: [exercise]"]
    lines.append("files:")
    for table in _tables(form):
        lines.append(f'  {table}: {{ file: {table}.csv, delimiter: ",", encoding: utf-8 }}')
    return "\n".join(lines) + "\n" + MAPPINGS.get(form, "")


_CHANGES = """\
# Changes

Departures from the tables as first published, newest first, each with file, line and reason.

None so far.
"""
_README = """\
# {name}

Data set of format `{form}`: {meaning} Say here where the numbers come from.

1. Fill in `dataset.yaml`, and one line a row in the tables below. Lines that begin with `# ` are
   examples: they are not read, and each gives a warning until it is deleted. With the `# ` taken
   away they are sound data.
2. `liverfit checksum {name}` records the files, so that a later change is noticed.
3. `liverfit check {name}` lists what is wrong, each finding with its line.

An empty cell means that nothing was printed. Numbers have a decimal point. A cell that contains a
comma is put in double quotes. Values marked † are usual, not obligatory.
"""
_OWN_COLUMNS = """\
The columns are yours to choose: rename, add or delete any, and say in `mapping` of `dataset.yaml`
which column of the [data dictionary](../../../docs/data-dictionary.md) each feeds. The
[guide to the formats](../../../docs/data-formats.md) explains the mapping. To begin with there are
these.
"""
