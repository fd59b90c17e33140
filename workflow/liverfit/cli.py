"""The command `liverfit`: check data sets and renew their checksums.

Only typer is imported at start; every command imports what it needs.
"""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from .data.dataset import Dataset
    from .data.findings import Finding

EXIT_FINDINGS = 1
EXIT_USAGE = 2

app = typer.Typer(
    name="liverfit",
    help="Exercise and liver fat: check the data behind the evidence synthesis.",
    epilog="Exit status: 0 nothing wrong, 1 errors found in data, 2 wrong usage.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class OutputFormat(StrEnum):
    """How findings are printed."""

    text = "text"
    json = "json"


DataDir = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="Folder that holds the data sets.")
]
DEFAULT_DATA = Path("data/raw")


def _print_version(wanted: bool) -> None:
    if wanted:
        from . import __version__

        typer.echo(f"liverfit {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Exercise and liver fat: check the data behind the evidence synthesis."""


@app.command()
def check(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Data sets; all by default.")
    ] = None,
    output: Annotated[
        OutputFormat, typer.Option("--format", help="Lines for people, or JSON for programs.")
    ] = OutputFormat.text,
    errors_only: Annotated[
        bool, typer.Option("--errors-only", help="Leave warnings out of the text.")
    ] = False,
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

    A finding reads `path:line: column: what is wrong; what was expected; how to mend it`.

    Exit status: 0 no errors (there may be warnings), 1 errors, 2 wrong usage.
    """
    from .data.dataset import check_curation, load_dataset

    present = _present(data)
    chosen = list(dict.fromkeys(names or present))
    _refuse_unknown(chosen, present, data)
    checks = _unit_checks(data)
    loaded = {name: load_dataset(data / name, checks) for name in chosen}
    if any(dataset.format == "curation" for dataset in loaded.values()):
        others = [load_dataset(data / name) for name in present if name not in loaded]
        everything = [*loaded.values(), *others]
        complete = all(dataset.ok for dataset in everything)
        for finding in check_curation(everything, complete=complete):
            owner = loaded.get(Path(finding.path).parent.name)
            if owner is not None:
                owner.findings.append(finding)
    if output is OutputFormat.json:
        _print_json(list(loaded.values()))
    else:
        _print_text(list(loaded.values()), errors_only)
    if not all(dataset.ok for dataset in loaded.values()):
        raise typer.Exit(EXIT_FINDINGS)


@app.command()
def checksum(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The data set.")],
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Renew SHA256SUMS of a data set, after a change that is meant.

    \b
    Examples:
      liverfit checksum exercise_trials
      liverfit checksum mine --data tests/fixtures

    Check the data set first; say in its CHANGES.md what was changed and why.

    Exit status: 0 written, 1 the folder cannot be summed, 2 wrong usage.
    """
    from .data.registry import check_folder, verify_checksums, write_checksums

    _refuse_unknown([name], _present(data), data)
    problems = check_folder(data / name)
    if not problems:
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
    """The check of units, where the plan's outcomes and the spelling table are at hand."""
    from .data.dataset import load_dataset
    from .data.findings import DataError
    from .data.measurements import unit_findings
    from .data.plan import load_yaml

    plan, curation = Path("config/outcomes.yaml"), data / "curation"
    if not plan.is_file():
        return []
    spellings = load_dataset(curation).tables.get("normalise") if curation.is_dir() else None
    normalise = [] if spellings is None else spellings.to_dict("records")
    try:
        outcomes = load_yaml(str(plan))
    except DataError as error:
        typer.echo(error, err=True)
        raise typer.Exit(EXIT_FINDINGS) from None
    return [lambda dataset: unit_findings(dataset, normalise, outcomes)]


def _present(data: Path) -> list[str]:
    from .data.registry import list_datasets

    if not data.is_dir():
        _fail(f"there is no folder {data}; run in the project's root, or name it with --data DIR")
    present = list_datasets(data)
    if not present:
        _fail(f"there is no data set in {data}")
    return present


def _refuse_unknown(names: list[str], present: list[str], data: Path) -> None:
    from .data.findings import shown

    unknown = [name for name in names if name not in present]
    if unknown:
        listed = ", ".join(shown(name) for name in unknown)
        _fail(f"no data set {listed} in {data}; there are {', '.join(present)}")


def _fail(message: str) -> None:
    typer.echo(f"liverfit: {message}", err=True)
    raise typer.Exit(EXIT_USAGE)


def _print_json(datasets: list[Dataset]) -> None:
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
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def _print_text(datasets: list[Dataset], errors_only: bool) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True, emoji=False, markup=False)
    for dataset in datasets:
        for finding in dataset.errors if errors_only else dataset.findings:
            console.print(_styled(finding))
    for dataset in datasets:
        wrong, doubtful = len(dataset.errors), len(dataset.warnings)
        records = sum(len(frame) for frame in dataset.tables.values())
        verdict = Text("ok" if dataset.ok else "not usable", "green" if dataset.ok else "bold red")
        counts = f"{records} records, {_plural(wrong, 'error')}, {_plural(doubtful, 'warning')}"
        console.print(Text(f"{dataset.name}: ").append(verdict).append(f" ({counts})"))


def _styled(finding: Finding):
    from rich.text import Text

    line = Text(str(finding))
    where = str(finding).split(": ", 1)[0]
    line.stylize("bold red" if finding.severity == "error" else "yellow", 0, len(where))
    return line


def _plural(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
