"""The command `liverfit`: add and check data, follow a number, compare results.

Only typer is imported at start; every command imports what it needs.
"""

from __future__ import annotations

from typing import Annotated

import typer

from .check import check, checksum
from .diff import diff
from .new_dataset import new_dataset
from .trace import trace

app = typer.Typer(
    name="liverfit",
    help="Exercise and liver fat: add data, check them, follow a number to the verdict and back.",
    epilog="Exit status: 0 nothing wrong, 1 something was found, 2 wrong usage.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from liverfit import __version__

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
    """Exercise and liver fat: add data, check them, follow a number to the verdict and back."""


for _command in (new_dataset, check, checksum, trace, diff):
    app.command()(_command)
