"""`liverfit new-dataset`: the skeleton of a data set."""

from __future__ import annotations

from typing import Annotated

import typer

from .common import DEFAULT_DATA, EXIT_FINDINGS, DataDir, fail


def new_dataset(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Lower-case letters, digits, underscores.")
    ],
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="Form of the tables; see below.")
    ] = "arms",
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Make a new data set: dataset.yaml, tables with commented examples, a README of every column.

    \b
    Examples:
      liverfit new-dataset my_trials                     trials, arms, measurements
      liverfit new-dataset my_table --format wide        a row a trial, with its mapping
      liverfit new-dataset my_reviews --format reviews   pooled results of reviews
      liverfit new-dataset mine --data tests/fixtures    somewhere else

    The formats are arms, wide, effects, ipd, reviews and curation (docs/data-formats.md). Nothing
    that is there is overwritten. Then fill in the tables, and run `liverfit checksum NAME` and
    `liverfit check NAME`.

    Exit status: 0 made, 1 the folder cannot be written, 2 wrong usage or a name that cannot be.
    """
    from liverfit.data.findings import DataError, display_path, shown
    from liverfit.data.scaffold import new_dataset as write
    from liverfit.data.schema import FORMATS

    if form not in FORMATS:
        fail(f"no format {shown(form)}; there are {', '.join(FORMATS)}")
    if not data.is_dir():
        fail(
            f"there is no folder {display_path(data)}; run in the project's root, or name it "
            "with --data DIR"
        )
    try:
        written = write(data, name, form)
    except DataError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{display_path(data / name)} cannot be written ({error.strerror})", EXIT_FINDINGS)
    for path in written:
        typer.echo(f"wrote {display_path(path)}")
    typer.echo(
        f"next: read {display_path(data / name / 'README.md')}, fill in dataset.yaml and the "
        f"tables, then `liverfit checksum {name}` and `liverfit check {name}`"
    )
