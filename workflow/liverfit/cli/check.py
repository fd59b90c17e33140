"""`liverfit check` and `liverfit checksum`: is the data as it should be, and as it was recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .common import (
    DEFAULT_DATA,
    EXIT_FINDINGS,
    DataDir,
    Output,
    OutputFormat,
    complete_dataset,
    fail,
    plain_console,
    plural,
    print_json,
)

if TYPE_CHECKING:
    from rich.console import Console

    from liverfit.data.dataset import Dataset
    from liverfit.data.findings import Finding


def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME", help="Data sets; all by default.", autocompletion=complete_dataset
        ),
    ] = None,
    output: Output = OutputFormat.text,
    errors_only: Annotated[
        bool, typer.Option("--errors-only", help="Leave warnings out of the text.")
    ] = False,
    mirror: Annotated[
        Path | None,
        typer.Option(
            exists=True, file_okay=False, metavar="DIR", help="Folder with copies of remote tables."
        ),
    ] = None,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Check raw data sets and list everything that is wrong, each finding with its place.

    \b
    Examples:
      liverfit check                          all data sets of data/raw
      liverfit check exercise_trials          one of them
      liverfit check --errors-only            without warnings
      liverfit check --format json            for programs
      liverfit check --data tests/fixtures    data sets kept elsewhere
      liverfit check mine --mirror ~/tables   remote tables from a folder; nothing is fetched

    A finding reads `path:line: column: what is wrong; what was expected; how to mend it`, one line
    each; in a terminal the parts stand below each other.

    Exit status: 0 no errors (there may be warnings), 1 errors, 2 wrong usage.
    """
    from liverfit.data.changes import changed_since_recorded
    from liverfit.data.curation import check_curation
    from liverfit.data.dataset import load_dataset

    present = _present(data)
    chosen = list(dict.fromkeys(names or present))
    _refuse_unknown(chosen, present, data)
    checks = _unit_checks(data)
    loaded = {name: load_dataset(data / name, checks, mirror=mirror) for name in chosen}
    for name, dataset in loaded.items():
        dataset.findings += changed_since_recorded(data / name)
    if any(dataset.format == "curation" for dataset in loaded.values()):
        others = [
            load_dataset(data / name, mirror=mirror) for name in present if name not in loaded
        ]
        everything = [*loaded.values(), *others]
        complete = all(dataset.ok for dataset in everything)
        for finding in check_curation(everything, complete=complete):
            owner = loaded.get(Path(finding.path).parent.name)
            if owner is not None:
                owner.findings.append(finding)
    for finding in _screens(list(loaded.values()), data):
        loaded[Path(finding.path).parent.name].findings.append(finding)
    if output is OutputFormat.json:
        _print_document(list(loaded.values()))
    else:
        _print_text(list(loaded.values()), errors_only)
    if not all(dataset.ok for dataset in loaded.values()):
        raise typer.Exit(EXIT_FINDINGS)


def checksum(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The data set.", autocompletion=complete_dataset)
    ],
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Renew SHA256SUMS of a data set, after a change that is meant.

    \b
    Examples:
      liverfit checksum exercise_trials
      liverfit checksum mine --data tests/fixtures

    Lists first what changed since they were written, cell by cell beside what it was, where git
    has that version. Check the data set before; say in its CHANGES.md what was changed and why.

    Exit status: 0 written, 1 the folder cannot be summed, 2 wrong usage.
    """
    from liverfit.data.changes import changed_since_recorded
    from liverfit.data.registry import check_folder, verify_checksums, write_checksums

    _refuse_unknown([name], _present(data), data)
    problems = check_folder(data / name)
    if not problems:
        for change in changed_since_recorded(data / name):
            typer.echo(str(change))
        try:
            typer.echo(f"wrote {write_checksums(data / name)}")
        except OSError as error:
            typer.echo(f"liverfit: {error}", err=True)
            raise typer.Exit(EXIT_FINDINGS) from error
        problems = verify_checksums(data / name)
    for problem in problems:
        typer.echo(str(problem))
    if problems:
        raise typer.Exit(EXIT_FINDINGS)


def _unit_checks(data: Path) -> list:
    """The checks of units and outcomes, where the plan and the spelling table are at hand."""
    from liverfit.data.dataset import load_dataset
    from liverfit.data.measurements import outcome_findings, unit_findings

    outcomes, curation = _plan("outcomes"), data / "curation"
    if outcomes is None:
        return []
    spellings = load_dataset(curation).tables.get("normalise") if curation.is_dir() else None
    normalise = [] if spellings is None else spellings.to_dict("records")
    return [
        lambda dataset: unit_findings(dataset, normalise, outcomes),
        lambda dataset: outcome_findings(dataset, normalise, outcomes),
    ]


def _screens(datasets: list[Dataset], data: Path) -> list[Finding]:
    """What the integrity screens flag in the data sets, where the plan is at hand.

    The other data sets stand beside them, as in the pipeline: spreads are held to those of all
    trials.
    """
    from liverfit.data.dataset import load_dataset
    from liverfit.data.screening import screen_findings

    plan = [_plan(name) for name in ("outcomes", "modalities", "config")]
    names = {dataset.name for dataset in datasets}
    if None in plan or not any(d.ok and d.format == "arms" for d in datasets):
        return []
    others = [load_dataset(data / name) for name in _present(data) if name not in names]
    found = screen_findings([*datasets, *others], *plan)
    return [f for f in found if Path(f.path).parent.name in names]


def _plan(name: str) -> dict | None:
    """Return config/{name}.yaml, None where there is none; end the command where it will not do."""
    from liverfit.data.descriptor import SCHEMA
    from liverfit.data.findings import DataError
    from liverfit.data.plan import check_plan, load_yaml

    path = Path(f"config/{name}.yaml")
    if not path.is_file():
        return None
    try:
        content = load_yaml(str(path))
        findings = check_plan(content, str(SCHEMA.with_name(f"{name}.schema.yaml")), str(path))
    except DataError as error:
        findings = error.findings
    if findings:
        typer.echo(str(DataError(findings)), err=True)
        raise typer.Exit(EXIT_FINDINGS)
    return content


def _present(data: Path) -> list[str]:
    from liverfit.data.registry import list_datasets

    if not data.is_dir():
        fail(f"there is no folder {data}; run in the project's root, or name it with --data DIR")
    present = list_datasets(data)
    if not present:
        fail(f"there is no data set in {data}")
    return present


def _refuse_unknown(names: list[str], present: list[str], data: Path) -> None:
    from liverfit.data.findings import shown

    unknown = [name for name in names if name not in present]
    if unknown:
        listed = ", ".join(shown(name) for name in unknown)
        fail(f"no data set {listed} in {data}; there are {', '.join(present)}")


def _print_document(datasets: list[Dataset]) -> None:
    document = {
        "ok": all(dataset.ok for dataset in datasets),
        "datasets": [
            {
                "name": dataset.name,
                "ok": dataset.ok,
                "records": {name: len(frame) for name, frame in dataset.tables.items()},
                "findings": [finding.to_dict() for finding in dataset.findings],
            }
            for dataset in datasets
        ],
    }
    print_json(document)


def _print_text(datasets: list[Dataset], errors_only: bool) -> None:
    """Print one line a finding; in a terminal each finding is spread over lines of its own."""
    from rich.text import Text

    console = plain_console()
    for dataset in datasets:
        for finding in dataset.errors if errors_only else dataset.findings:
            if console.is_terminal:
                _print_spread(console, finding)
            else:
                console.print(Text(str(finding)))
    for dataset in datasets:
        wrong, doubtful = len(dataset.errors), len(dataset.warnings)
        records = sum(len(frame) for frame in dataset.tables.values())
        verdict = Text("ok" if dataset.ok else "not usable", "green" if dataset.ok else "bold red")
        counts = f"{records} records, {plural(wrong, 'error')}, {plural(doubtful, 'warning')}"
        console.print(Text(f"{dataset.name}: ").append(verdict).append(f" ({counts})"))


def _print_spread(console: Console, finding: Finding) -> None:
    """Print a finding for the eye: the place, what is wrong, what was expected, how to mend it."""
    from rich.padding import Padding
    from rich.text import Text

    colour = "red" if finding.severity == "error" else "yellow"
    place = finding.path if finding.line is None else f"{finding.path}:{finding.line}"
    head = Text(place, "bold").append(f"  {finding.severity}", f"bold {colour}")
    if finding.column:
        head.append(f"  {finding.column}", "cyan")
    console.print(head)
    parts = (("", finding.what), ("expected ", finding.expected), ("to mend: ", finding.remedy))
    for label, said in parts:
        if said:
            text = Text().append(label, "dim").append(said, "" if label else colour)
            console.print(Padding(text, (0, 0, 0, 4)), soft_wrap=False)
