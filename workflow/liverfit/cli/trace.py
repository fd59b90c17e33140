"""`liverfit trace`: the chain from a printed number to a verdict and back."""

from __future__ import annotations

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
    print_json,
)

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

    from liverfit.report.trace import Node

SHOWN = 8
WIDE = 1000
_STYLES = {
    "row": "yellow",
    "measurement": "cyan",
    "effect": "blue",
    "line": "magenta",
    "claim": "bold green",
    "trial": "bold",
    "near_miss": "red",
    "group": "italic",
}


def trace(
    name: Annotated[str, typer.Argument(metavar="ID", help="Raw row, effect id, claim or trial.")],
    output: Output = OutputFormat.text,
    everything: Annotated[
        bool, typer.Option("--all", help=f"Do not cut branches after {SHOWN} entries.")
    ] = False,
    results: ResultsDir = DEFAULT_RESULTS,
) -> None:
    """Follow a printed number through harmonised value, effect and line to the verdict, and back.

    \b
    Examples:
      liverfit trace exercise_trials/measurements.csv:387             what became of a row
      liverfit trace cuthbertson2016:ex-vs-con:liver_fat:MD           made from what, used where
      liverfit trace aerobic_lowers_liver_fat                         what a verdict rests on
      liverfit trace cuthbertson2016                                  all effects of a trial
      liverfit trace aerobic_lowers_liver_fat --format json           for programs, never cut

    The chain is read from the results of the last run.

    Exit status: 0 printed, 1 nothing has this name, 2 wrong usage or no results.
    """
    from liverfit.data.findings import printable, shown
    from liverfit.report.trace import NoResults, Results, TraceError
    from liverfit.report.trace import trace as follow

    try:
        node = follow(Results(results), name)
    except NoResults as error:
        fail(printable(error))
    except TraceError as error:
        fail(f"{shown(name)}: {printable(error)}", EXIT_FINDINGS)
    if output is OutputFormat.json:
        print_json(node.to_dict())
        return
    console = plain_console()
    if not console.is_terminal:
        console.width = WIDE
    console.print(_tree(node, None if everything else SHOWN), soft_wrap=False)


def _tree(node: Node, limit: int | None, parent: Tree | None = None) -> Tree:
    from rich.tree import Tree

    label, last = _label(node), node
    while len(last.children) == 1 and _ends(last.children[0]):
        (last,) = last.children
        label.append("  → ", "dim").append_text(_label(last))
    tree = Tree(label) if parent is None else parent.add(label)
    for child in last.children[:limit]:
        _tree(child, limit, tree)
    if limit is not None and len(last.children) > limit:
        tree.add(f"… {len(last.children) - limit} more, shown with --all")
    return tree


def _ends(node: Node) -> bool:
    """Whether the node stands alone at the end of a chain: a verdict, or that there is none."""
    return node.kind in ("claim", "group") and not node.children


def _label(node: Node) -> Text:
    from rich.text import Text

    from liverfit.data.findings import printable
    from liverfit.report.trace import describe

    said = describe(node)
    label = Text(printable(node.id), _STYLES[node.kind])
    return label.append(f"  {printable(said)}", "default") if said else label
