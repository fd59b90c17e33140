"""`liverfit diff`: which verdicts and estimates moved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .common import (
    DEFAULT_RESULTS,
    EXIT_FINDINGS,
    Output,
    OutputFormat,
    ResultsDir,
    fail,
    plain_console,
    plural,
    print_json,
)

if TYPE_CHECKING:
    from liverfit.report.diff import Difference, Move

TRIALS_SHOWN = 12


def diff(
    against: Annotated[
        str | None,
        typer.Option(metavar="PATH|GIT_REF", help="A results folder or a git ref."),
    ] = None,
    output: Output = OutputFormat.text,
    results: ResultsDir = DEFAULT_RESULTS,
) -> None:
    """Show which verdicts, estimates and trials moved: after new data, another plan, another code.

    \b
    Examples:
      liverfit diff                            against the results before the run that moved them
      liverfit diff --against ../old/results   against another results folder
      liverfit diff --against HEAD~1           against the verdicts committed with a git ref
      liverfit diff --format json              for programs

    Each run keeps what the results said before it (logs/results, the last ten that differ). A git
    ref holds claims, verdicts and numbers of three decimals, no trials.

    Exit status: 0 nothing moved, 1 something did, 2 wrong usage or nothing to compare.
    """
    from liverfit.data.findings import printable
    from liverfit.report.diff import (
        DiffError,
        compare,
        last_kept,
        state_of_commit,
        state_of_results,
    )

    try:
        now = state_of_results(results)
        if against is None:
            before = last_kept(now)
        elif Path(against).is_dir():
            before = state_of_results(against)
        else:
            before = state_of_commit(against)
    except DiffError as error:
        fail(printable(error))
    difference = compare(before, now)
    if output is OutputFormat.json:
        print_json(difference.to_dict())
    else:
        _print(difference)
    if difference:
        raise typer.Exit(EXIT_FINDINGS)


def _print(difference: Difference) -> None:
    from rich.text import Text

    from liverfit.data.findings import printable

    console = plain_console()
    console.print(Text(printable(f"from {difference.before} to {difference.after}"), "dim"))
    for move in difference.moves:
        colour = {"verdict": "bold red", "estimate": "yellow", "evidence": "cyan"}.get(
            move.kind, "bold"
        )
        line = Text(printable(move.claim), colour).append(
            f"  {move.kind}: {printable(_said(move))}"
        )
        console.print(line)
    for sign, trials in (
        ("trials new", difference.trials_in),
        ("trials gone", difference.trials_out),
    ):
        if trials:
            console.print(Text(printable(f"{sign}: {_listed(trials)}")))
    counts = {
        kind: sum(m.kind == kind for m in difference.moves) for kind in ("verdict", "estimate")
    }
    moved = (
        f"{plural(counts['verdict'], 'verdict')} and {plural(counts['estimate'], 'estimate')} moved"
    )
    console.print(Text(f"{moved}, {plural(len(difference.moves), 'claim')} in all"))


def _said(move: Move) -> str:
    from liverfit.report.diff import describe

    words = f"{describe(move.before)} -> {describe(move.after)}"
    if move.trials_in:
        words += f"; in: {_listed(move.trials_in)}"
    if move.trials_out:
        words += f"; out: {_listed(move.trials_out)}"
    return words


def _listed(trials: list[str]) -> str:
    more = len(trials) - TRIALS_SHOWN
    return ", ".join(trials[:TRIALS_SHOWN]) + (f" and {more} more" if more > 0 else "")
