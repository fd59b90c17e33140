"""A raw data set in memory: every printed cell as text, and everything that is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from liverfit import store

from .checks import check_cells, check_keys, check_references, records
from .descriptor import read_descriptor, table_files
from .findings import (
    ERROR,
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
from .plausibility import check_records, number
from .registry import DESCRIPTOR, check_folder, data_files, verify_checksums
from .schema import FORMATS, TABLES
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
        (``dataset/file.csv:LINE``, the physical line on which the record starts).
    findings : list of Finding
        What is wrong; with an error among them the tables must not be used.
    """

    name: str
    folder: str = ""
    descriptor: dict = field(default_factory=dict)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

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
        """Return the declared format (arms, reviews, curation); "" when unreadable."""
        value = self.descriptor.get("format")
        return value if isinstance(value, str) else ""

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


def load_dataset(folder: Path | str, extra_checks: Sequence[Check] = ()) -> Dataset:
    """Read and check one folder of data/raw.

    Parameters
    ----------
    folder : Path
        The data set's folder; its name is the data set's name.
    extra_checks : sequence of callable
        Further checks that take the data set and return findings (such as known units, which
        only harmonisation can judge).

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
    dataset.findings += [*found, *verify_checksums(folder)]
    declared = table_files(dataset.descriptor)
    if dataset.descriptor:
        dataset.findings += _undeclared_tables(folder, declared)
    else:
        # an unreadable dataset.yaml shall not hide what is wrong with the tables
        declared = {name: (f"{name}.csv", ",") for name in TABLES if _is_there(folder, name)}
    tables: dict[str, RawTable] = {}
    collectors: dict[str, Findings] = {}
    files = {name: file for name, (file, _) in declared.items()}
    for name, (file, delimiter) in declared.items():
        shown_as = display_path(folder / file)
        table = read_table(
            folder / file, TABLES[name].names, delimiter=delimiter, shown_as=shown_as
        )
        tables[name], collectors[name] = table, Findings(shown_as)
        check_cells(table, TABLES[name], collectors[name])
        check_keys(table, TABLES[name], collectors[name])
    readable = {name: table for name, table in tables.items() if table.present}
    check_references(readable, collectors, files)
    randomised = _randomised(readable)
    for name, table in tables.items():
        check_records(name, table, collectors[name], randomised)
        together = [*table.findings, *collectors[name]]
        dataset.findings += sorted(together, key=by_line)
        dataset.tables[name] = _table_frame(dataset.name, files[name], table)
    for check in extra_checks:
        dataset.findings += check(dataset)
    dataset.findings = list(dict.fromkeys(dataset.findings))
    return dataset


def check_curation(datasets: Iterable[Dataset], *, complete: bool = True) -> list[Finding]:
    """Check across data sets that curation rows name trials and arms that exist.

    Parameters
    ----------
    datasets : iterable of Dataset
        All data sets of the project.
    complete : bool
        False when some data set was left out: what cannot be found is then only a warning.

    Returns
    -------
    list of Finding
    """
    datasets = list(datasets)
    severity = ERROR if complete else WARNING
    arms = [d.tables["arms"] for d in datasets if "arms" in d.tables]
    known_arms = {pair for a in arms for pair in zip(a["trial_id"], a["arm_id"], strict=True)}
    known = {trial for trial, _ in known_arms}
    for d in datasets:
        if "trials" in d.tables:
            known |= set(d.tables["trials"]["trial_id"])
    findings: list[Finding] = []
    for dataset in datasets:
        for name in FORMATS["curation"].tables:
            frame = dataset.tables.get(name)
            if frame is not None:
                findings += _unknown_names(dataset, name, frame, known, known_arms, severity)
    return findings


def _unknown_names(
    dataset: Dataset,
    name: str,
    frame: pd.DataFrame,
    known: set[str],
    known_arms: set[tuple[str, str]],
    severity: str,
) -> list[Finding]:
    findings = []
    for r in frame.to_dict("records"):
        file, line = r["row_id"].split("/", 1)[1].rsplit(":", 1)
        for column in ("trial_id", "other_trial_id", "arm_id", "other_arm_id"):
            value = r.get(column, "")
            if not value:
                continue
            if "trial" in column and value not in known:
                what, expected = (
                    f"trial {shown(value)} is in no data set",
                    "a trial of some data set",
                )
            elif (
                "arm" in column
                and r["trial_id"] in known
                and ((r["trial_id"], value) not in known_arms)
            ):
                what = f"arm {shown(value)} of trial {shown(r['trial_id'])} is in no data set"
                expected = "an arm of this trial"
            else:
                continue
            remedy = f"correct {column}, add the trial, or delete the row"
            findings.append(
                Finding(
                    f"{dataset.folder}/{file}", int(line), column, what, expected, remedy, severity
                )
            )
    return findings


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


def _undeclared_tables(folder: Path, declared: dict[str, tuple[str, str]]) -> list[Finding]:
    """Warn of tables that lie in the folder and would silently not be read."""
    files = {file for file, _ in declared.values()}
    found = []
    for name in data_files(folder):
        if name not in files and Path(name).suffix.lower() in TABLE_SUFFIXES:
            place = (display_path(folder / name), None, None)
            remedy = "declare it under files, or move it elsewhere"
            what = f"{DESCRIPTOR} does not name the table, it is not read"
            found.append(Finding(*place, what, "every table under files", remedy, WARNING))
    return found


def _randomised(tables: dict[str, RawTable]) -> dict[tuple[str, str], float | None]:
    if "arms" not in tables:
        return {}
    return {
        (r["trial_id"], r["arm_id"]): number(r["n_randomised"]) for _, r in records(tables["arms"])
    }


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
