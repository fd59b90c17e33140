"""A raw data set in memory: every printed cell as text, and everything that is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from liverfit import store

from .arm_sizes import arm_sizes
from .checks import check_cells, check_keys, check_references
from .decimals import decimal_points
from .descriptor import TableFile, read_descriptor, table_files
from .findings import (
    WARNING,
    DataError,
    Finding,
    Findings,
    by_line,
    display_path,
    errors,
    shown,
    warnings,
)
from .mapped import LongTables, long_tables, mapping_of
from .mapping import LONG, Plan
from .plan import key_lines
from .plausibility import check_records
from .registry import DESCRIPTOR, check_folder, data_files, verify_checksums
from .remote import CACHE, obtain
from .schema import FORMATS, MAPPED, TABLES
from .table import RawTable, read_table

JSON_FORMAT = "liverfit-dataset-1"
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".ods")


@dataclass(eq=False)
class Dataset:
    """A raw data set as ingested.

    Attributes
    ----------
    name : str
        Name of its folder.
    folder : str
        The folder as findings name it, e.g. ``data/raw/NAME``.
    descriptor : dict
        Content of dataset.yaml; {} when that cannot be read.
    tables : dict of str to pandas.DataFrame
        Every column as printed text ("" where nothing is printed), preceded by ``row_id``
        (``dataset/file.csv:LINE``, the physical line on which the record starts). Long tables that
        a mapping makes have the line of the raw row, and measurements ``from_rows``, the raw rows
        behind each; of participants' tables only the ids are kept.
    findings : list of Finding
        What is wrong; with an error among them the tables must not be used.
    participants : list of dict
        Participants' values of format ipd (:class:`liverfit.data.individual.Summaries`). They are
        never written: a data set that was read from JSON has none.
    """

    name: str
    folder: str = ""
    descriptor: dict = field(default_factory=dict)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    participants: list[dict] = field(default_factory=list, repr=False)

    @property
    def errors(self) -> list[Finding]:
        """Return the findings that keep the data set from being used."""
        return errors(self.findings)

    @property
    def warnings(self) -> list[Finding]:
        """Return the findings that do not keep the data set from being used."""
        return warnings(self.findings)

    @property
    def ok(self) -> bool:
        """Return whether the data set may be used."""
        return not self.errors

    @property
    def format(self) -> str:
        """Return the declared format (a name of `schema.FORMATS`); "" when unreadable."""
        value = self.descriptor.get("format")
        return value if isinstance(value, str) else ""

    @property
    def raw_tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables that files hold, without those that a mapping makes."""
        files = self.descriptor.get("files") if self.format in MAPPED else None
        return {n: t for n, t in self.tables.items() if files is None or n in files}

    def raise_for_errors(self) -> None:
        """Raise :class:`DataError` with all findings when there is an error."""
        if not self.ok:
            raise DataError(self.findings)

    def to_json(self, path: Path | str) -> None:
        """Write the data set as JSON, one record a line; the same bytes for the same data.

        A checksum sidecar is written beside it (:mod:`liverfit.store`).
        """
        store.write_text(path, self.dumps())

    def dumps(self) -> str:
        """Return the JSON text of :meth:`to_json`."""
        head = {"format": JSON_FORMAT, "name": self.name, "folder": self.folder}
        parts = [_dump({**head, "descriptor": self.descriptor})[:-1]]
        tables = []
        for name, frame in self.tables.items():
            columns, rows = _dump(list(frame.columns)), frame.to_numpy().tolist()
            lines = ",\n".join(_dump(row) for row in rows)
            tables.append(f'{_dump(name)}: {{"columns": {columns}, "rows": [\n{lines}\n]}}')
        parts.append('"tables": {\n' + ",\n".join(tables) + "\n}")
        findings = ",\n".join(_dump(finding.to_dict()) for finding in self.findings)
        parts.append(f'"findings": [\n{findings}\n]}}\n')
        return ",\n".join(parts)

    @classmethod
    def from_json(cls, path: Path | str) -> Dataset:
        """Read what :meth:`to_json` wrote.

        Raises
        ------
        DataError
            When the file is not such a document.
        """
        path = Path(path)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["format"] != JSON_FORMAT:
                raise ValueError(f"format {content['format']!r}")
            tables = {
                name: _frame(table["columns"], table["rows"])
                for name, table in content["tables"].items()
            }
            findings = [Finding.from_dict(entry) for entry in content["findings"]]
            fields = (content["name"], content["folder"], content["descriptor"])
            return cls(*fields, tables, findings)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            what = f"this is not an ingested data set ({shown(error)})"
            remedy = "delete it and run the workflow again"
            raise DataError(
                [Finding(display_path(path), None, None, what, JSON_FORMAT, remedy)]
            ) from error


Check = Callable[[Dataset], Iterable[Finding]]


def load_dataset(
    folder: Path | str,
    extra_checks: Sequence[Check] = (),
    *,
    mirror: Path | str | None = None,
    cache: Path | str = CACHE,
    offline: bool = True,
) -> Dataset:
    """Read and check one folder of data/raw.

    Parameters
    ----------
    folder : Path
        The data set's folder; its name is the data set's name.
    extra_checks : sequence of callable
        Further checks that take the data set and return findings (such as known units, which
        only harmonisation can judge).
    mirror, cache, offline :
        Where remote tables are looked for, see :func:`liverfit.data.remote.obtain`. Offline, a
        table that is not at hand is a warning and the data set has no tables.

    Returns
    -------
    Dataset
        With all findings; bad data never raises.
    """
    folder = Path(folder)
    dataset = Dataset(folder.name, display_path(folder), findings=check_folder(folder))
    if dataset.findings:
        return dataset
    found = Findings(display_path(folder / DESCRIPTOR))
    dataset.descriptor = read_descriptor(folder / DESCRIPTOR, found)
    _check_tables_of_format(dataset.descriptor, found)
    declared = table_files(dataset.descriptor)
    plan = None
    if dataset.format in MAPPED:
        plan = mapping_of(dataset.descriptor, folder / DESCRIPTOR, {*declared} & {*LONG}, found)
    mirror = None if mirror is None else Path(mirror)
    where = {"mirror": mirror, "cache": Path(cache), "offline": offline}
    paths = _paths(folder, declared, found, where)
    dataset.findings += [*found, *verify_checksums(folder)]
    if dataset.descriptor:
        dataset.findings += _undeclared_tables(folder, declared)
    else:
        # an unreadable dataset.yaml shall not hide what is wrong with the tables
        declared = {name: TableFile(f"{name}.csv") for name in TABLES if _is_there(folder, name)}
        paths = {name: folder / entry.file for name, entry in declared.items()}
    if set(paths) < set(declared):
        return dataset
    _read_tables(dataset, folder, declared, paths, plan)
    for check in extra_checks:
        dataset.findings += check(dataset)
    dataset.findings = list(dict.fromkeys(dataset.findings))
    return dataset


def _paths(
    folder: Path, declared: dict[str, TableFile], found: Findings, where: dict
) -> dict[str, Path]:
    """Where every declared table lies; a remote one that cannot be had is left out."""
    paths = {}
    lines = key_lines(folder / DESCRIPTOR) if any(e.source for e in declared.values()) else {}
    for name, entry in declared.items():
        place = (lines.get(("files", name, "source")), f"files.{name}.source")
        path: Path | None = folder / entry.file
        if entry.source:
            path = obtain(entry.source, folder, entry.file, found, place=place, **where)
        if path is not None:
            paths[name] = path
    return paths


def _read_tables(
    dataset: Dataset,
    folder: Path,
    declared: dict[str, TableFile],
    paths: dict[str, Path],
    plan: Plan | None,
) -> None:
    """Read, map and check all tables, and put them and the findings into the data set."""
    tables: dict[str, RawTable] = {}
    collectors: dict[str, Findings] = {}
    made = LongTables()
    files = {name: entry.file for name, entry in declared.items()}
    for name, entry in declared.items():
        spec, free = TABLES[name], name in MAPPED
        shown_as = display_path(folder / entry.file)
        how = {"delimiter": entry.delimiter, "encoding": entry.encoding, "sheet": entry.sheet}
        columns = plan.columns() if plan and free else spec.names
        table = read_table(paths[name], columns, free=free, shown_as=shown_as, **how)
        tables[name], collectors[name] = table, Findings(shown_as)
        if free and plan is not None and set(columns) <= table.present:
            made = long_tables(plan, table, entry, dataset.name, collectors[name])
            for long, part in made.tables.items():
                files[long], collectors[long] = entry.file, Findings(shown_as)
                check_keys(part, TABLES[long], collectors[long])
        elif not free:
            if entry.decimal == ",":
                decimal_points(table, spec, collectors[name])
            check_cells(table, spec, collectors[name])
            check_keys(table, spec, collectors[name])
    every = {**tables, **made.tables}
    readable = {name: table for name, table in every.items() if table.present}
    check_references(readable, collectors, files)
    sizes = arm_sizes(readable.get("arms"))
    for name, table in every.items():
        check_records(name, table, collectors[name], sizes, name in made.tables)
        together = [*table.findings, *collectors[name]]
        dataset.findings += sorted(together, key=by_line)
        dataset.tables[name] = _table_frame(dataset.name, files[name], table)
        if name in made.row_ids:
            dataset.tables[name]["row_id"] = made.row_ids[name]
    if made.from_rows:
        dataset.tables["measurements"]["from_rows"] = made.from_rows
    if "ipd" in tables:
        dataset.tables["ipd"] = dataset.tables["ipd"][["row_id"]]
        dataset.participants = made.values


def _check_tables_of_format(descriptor: dict, found: Findings) -> None:
    form = FORMATS.get(str(descriptor.get("format")))
    files = descriptor.get("files")
    if form is None or not isinstance(files, dict):
        return
    for name in form.required:
        if name not in files:
            what = f"table {name} is missing, which format {form.name} needs"
            expected = f"tables {', '.join(form.tables)}"
            found.add(None, f"files.{name}", what, expected, f"add files.{name}")
    for name in files:
        if name not in form.tables:
            what = f"table {shown(name)} does not belong to format {form.name}"
            label = f"files.{shown(name)[1:-1]}"
            expected = f"tables {', '.join(form.tables)}"
            found.add(None, label, what, expected, "delete it or correct format")


def _is_there(folder: Path, table: str) -> bool:
    return (folder / f"{table}.csv").is_file()


def _undeclared_tables(folder: Path, declared: dict[str, TableFile]) -> list[Finding]:
    """Warn of tables that lie in the folder and would silently not be read."""
    files = {entry.file for entry in declared.values()}
    found = []
    for name in data_files(folder):
        if name not in files and Path(name).suffix.lower() in TABLE_SUFFIXES:
            place = (display_path(folder / name), None, None)
            remedy = "declare it under files, or move it elsewhere"
            what = f"{DESCRIPTOR} does not name the table, it is not read"
            found.append(Finding(*place, what, "every table under files", remedy, WARNING))
    return found


def _table_frame(dataset: str, file: str, table: RawTable) -> pd.DataFrame:
    rows = [
        [f"{dataset}/{file}:{line}", *row]
        for line, row in zip(table.lines, table.rows, strict=True)
    ]
    return _frame(["row_id", *table.columns], rows)


def _frame(columns: list[str], rows: list[list[str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns, dtype="str")


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
