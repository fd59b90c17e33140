"""What the commands share: exit status, options, and text that is safe to print."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

EXIT_FINDINGS = 1
EXIT_USAGE = 2
DEFAULT_DATA = Path("data/raw")
DEFAULT_RESULTS = Path("results")


class OutputFormat(StrEnum):
    """How a command prints what it has to say."""

    text = "text"
    json = "json"


DataDir = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="Folder that holds the data sets.")
]
ResultsDir = Annotated[
    Path, typer.Option("--results", metavar="DIR", help="Folder that holds the results.")
]
Output = Annotated[
    OutputFormat, typer.Option("--format", help="Text for people, or JSON for programs.")
]


def complete_dataset(incomplete: str) -> list[str]:
    """Return the data sets of data/raw that begin so, for the shell's completion."""
    from liverfit.data.registry import list_datasets

    return [name for name in list_datasets(DEFAULT_DATA) if name.startswith(incomplete)]


def fail(message: str, status: int = EXIT_USAGE) -> NoReturn:
    """Say on standard error why the command stops, and end it."""
    typer.echo(f"liverfit: {message}", err=True)
    raise typer.Exit(status)


def plain_console():
    """Return a console that prints text as it is: no markup, no emoji, no highlighting."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True, emoji=False, markup=False)


def print_json(document: object) -> None:
    """Print a document as JSON."""
    import json

    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def plural(number: int, noun: str) -> str:
    """Return number and noun: `no errors`, `1 error`, `2 errors`."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
