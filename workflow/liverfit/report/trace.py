"""The chain from a printed number to a verdict and back, read from the results.

raw row, printed -> harmonised value -> effect -> line of a claim -> verdict
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from liverfit import store
from liverfit.data.dataset import Dataset
from liverfit.data.ledger import REASONS
from liverfit.data.mapped import raw_row

ROLES = ("primary", "secondary", "sensitivity")
_ROW = re.compile(r"(?:data/raw/)?([^/]+)/([^/:]+):([0-9]+)(?:#([0-9]+))?")
_TABLES = ("harmonized/ledger", "harmonized/measurements", "effects/effects", "claims/claims")


class TraceError(LookupError):
    """There are no results to follow, or nothing in them has this name; the text says which."""


class NoResults(TraceError):
    """The results are missing or not what the workflow wrote."""


@dataclass
class Node:
    """One station of the chain.

    Attributes
    ----------
    kind : {"row", "measurement", "effect", "line", "claim", "trial", "near_miss", "group"}
    id : str
        Row id, effect id, ``claim/line``, claim, trial, or the words that name a group.
    facts : dict
        What the results say of it: numbers unrounded, missing ones None.
    children : list of Node
        Where it goes on; for a group, its members.
    """

    kind: str
    id: str
    facts: dict = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)

    def to_dict(self) -> dict:
        """Return the node with all below it as a JSON-able mapping."""
        below = [child.to_dict() for child in self.children]
        return {"kind": self.kind, "id": self.id, **self.facts, "children": below}


class Results:
    """The tables of a finished run, each read once and only when asked for."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        missing = [name for name in _TABLES if not (self.folder / f"{name}.csv").is_file()]
        if missing:
            raise NoResults(f"{self.folder}/{missing[0]}.csv is not there: run `snakemake` first")

    def _records(self, name: str) -> list[dict]:
        path = self.folder / f"{name}.csv"
        try:
            table = store.read_table(path).astype(object)
        except (store.StoreError, OSError) as error:
            raise NoResults(f"{error}; run `snakemake` again") from error
        return table.where(table.notna(), None).to_dict("records")

    @cached_property
    def ledger(self) -> dict[str, dict]:
        """Every raw row by its id."""
        return {r["row_id"]: r for r in self._records("harmonized/ledger")}

    @cached_property
    def measurements(self) -> dict[str, dict]:
        """Every harmonised measurement by its id, which is that of its first raw row."""
        return {r["measurement_id"]: r for r in self._records("harmonized/measurements")}

    @cached_property
    def effects(self) -> dict[str, dict]:
        """Every effect by its id, uncontrolled changes among them."""
        made = self._records("effects/effects")
        if (self.folder / "effects/before_after.csv").is_file():
            made += self._records("effects/before_after")
        return {r["effect_id"]: r for r in made}

    @cached_property
    def claims(self) -> dict[str, dict]:
        """Every judged claim by its id."""
        found = {}
        for row in self._records("claims/claims"):
            path = self.folder / f"claims/{row['claim']}.json"
            try:
                found[row["claim"]] = store.read_json(path)
            except (store.StoreError, OSError) as error:
                raise NoResults(f"{error}; run `snakemake` again") from error
        return found

    @cached_property
    def lines_of(self) -> dict[str, list[tuple[dict, dict, dict]]]:
        """(claim, line, effect as weighted there) by effect id."""
        found: dict[str, list] = {}
        for claim in self.claims.values():
            for line in claim["lines"]:
                for effect in line["effects"]:
                    found.setdefault(effect["effect_id"], []).append((claim, line, effect))
        return found

    @cached_property
    def _printed(self) -> dict[str, dict[str, dict]]:
        return {}

    def printed(self, row_id: str) -> dict:
        """Return the cells of a raw row as printed, {} where its data set was not ingested."""
        dataset = row_id.partition("/")[0]
        if dataset not in self._printed:
            path = self.folder / f"ingested/{dataset}.json"
            tables = Dataset.from_json(path).raw_tables.values() if path.is_file() else ()
            rows = (r for table in tables for r in table.to_dict("records"))
            self._printed[dataset] = {r["row_id"]: r for r in rows}
        return self._printed[dataset].get(row_id, {})


def trace(results: Results, name: str) -> Node:
    """Follow a raw row, an effect, a claim or a trial through the results.

    Parameters
    ----------
    results : Results
    name : str
        ``dataset/file.csv:LINE`` (``data/raw/`` before it is allowed), an effect id, a claim or a
        trial. ``dataset/file.csv:LINE#2`` is the second of several measurements of one raw row.

    Returns
    -------
    Node
        A row goes on to the verdicts it bears on; an effect and a trial go both ways; a claim goes
        back to the printed rows.

    Raises
    ------
    NoResults
        When results are missing.
    TraceError
        When nothing has this name; the text names what comes near.
    """
    match = _ROW.fullmatch(name)
    row_id = f"{match[1]}/{match[2]}:{int(match[3])}" if match else name
    if match and match[4]:
        part = f"{row_id}#{int(match[4])}" if int(match[4]) > 1 else row_id
        if part in results.measurements:
            return _row_onwards(results, row_id, set(), part)
    elif row_id in results.ledger:
        return _row_onwards(results, row_id, set())
    if name in results.effects:
        return _effect(results, name, back=True)
    if name in results.claims:
        return _claim(results, name)
    of_trial = [e for e, r in results.effects.items() if r["trial_id"] == name]
    if of_trial:
        return Node("trial", name, {}, [_effect(results, e, back=False) for e in of_trial])
    rows = results.measurements if match and match[4] else results.ledger if match else ()
    known = [*results.claims, *results.effects, *rows]
    close = difflib.get_close_matches(name, known, n=3)
    advice = f"; near it: {', '.join(close)}" if close else ""
    raise TraceError(f"no raw row, effect, claim or trial of that name in these results{advice}")


def _row(results: Results, row_id: str) -> Node:
    """A raw row with what is printed and what became of it."""
    entry = results.ledger.get(raw_row(row_id), {})
    printed = {k: v for k, v in results.printed(row_id).items() if v and k != "row_id"}
    facts = {k: entry.get(k) or "" for k in ("status", "reason", "superseded_by")}
    return Node("row", row_id, {**facts, "printed": printed})


def _rows(results: Results, ids: Iterable[str]) -> list[Node]:
    """The raw rows behind ids, each once, also where several ids are parts of one row."""
    return [_row(results, r) for r in dict.fromkeys(map(raw_row, ids))]


def _row_onwards(results: Results, row_id: str, seen: set[str], only: str = "") -> Node:
    """A raw row and what it leads to; by one of its measurements alone where ``only`` names it."""
    node = _row(results, row_id)
    seen.add(row_id)
    reached: set[str] = set()
    for m in results.measurements.values():
        if only and m["measurement_id"] != only:
            continue
        if row_id in map(raw_row, m["source_rows"].split(";")):
            below = _measurement(m)
            for effect_id, e in results.effects.items():
                if m["measurement_id"] in e["source_rows"].split(";"):
                    below.children.append(_effect(results, effect_id, back=False))
                    reached.add(effect_id)
            node.children.append(below)
    used_in = (results.ledger[row_id]["used_in"] or "").split(";")
    for place in filter(None, () if only else used_in):
        if place in results.effects and place not in reached:
            node.children.append(_effect(results, place, back=False))
        elif place not in results.effects:
            node.children.append(Node("group", f"read for {place}"))
    follower = node.facts["superseded_by"]
    if follower in results.ledger and follower not in seen:
        node.children.append(
            Node("group", "in its place", {}, [_row_onwards(results, follower, seen)])
        )
    return node


def _measurement(m: dict) -> Node:
    keys = (
        "trial_id", "arm_id", "comparator_arm_id", "outcome", "timepoint", "week", "n",
        "center_type", "center", "spread_kind", "spread", "lower", "upper", "unit", "spread_rule",
        "caution",
    )  # fmt: skip
    return Node("measurement", m["measurement_id"], {k: m[k] for k in keys})


def _effect(results: Results, effect_id: str, back: bool) -> Node:
    """An effect and the lines that take it; with ``back`` also what it is made from."""
    e = results.effects[effect_id]
    keys = ("trial_id", "outcome", "measure", "unit", "yi", "vi", "n1", "n2", "route")
    node = Node("effect", effect_id, {k: e[k] for k in keys})
    used = sorted(results.lines_of.get(effect_id, []), key=lambda u: ROLES.index(u[1]["role"]))
    onwards = [_line(*u) for u in used]
    if not back:
        node.children = onwards or [Node("group", "in no line of a claim")]
        return node
    rows = list(dict.fromkeys(e["source_rows"].split(";")))
    made_from = []
    for row_id in rows:
        if row_id in results.measurements:
            below = _measurement(results.measurements[row_id])
            below.children = _rows(results, results.measurements[row_id]["source_rows"].split(";"))
            made_from.append(below)
    covered = {child.id for node_ in made_from for child in node_.children}
    made_from += _rows(results, (r for r in rows if raw_row(r) not in covered))
    node.children = [
        Node("group", "made from", {}, made_from),
        Node("group", "taken by", {}, onwards or [Node("group", "no line of a claim")]),
    ]
    return node


def _line(claim: dict, line: dict, effect: dict) -> Node:
    facts = {**_line_facts(line), "weight": effect.get("weight")}
    verdict = Node("claim", claim["claim"], _claim_facts(claim))
    return Node("line", f"{claim['claim']}/{line['name']}", facts, [verdict])


def _claim(results: Results, name: str) -> Node:
    claim = results.claims[name]
    node = Node("claim", name, _claim_facts(claim))
    for line in claim["lines"]:
        below = Node("line", f"{name}/{line['name']}", _line_facts(line))
        for used in line["effects"]:
            keys = ("trial_id", "yi", "vi", "weight", "route", "n1", "n2")
            facts = {k: used.get(k) for k in keys}
            facts.update(outcome=line["outcome"], measure=line["measure"], unit=line["unit"])
            effect = Node("effect", used["effect_id"], facts)
            if line["role"] == "primary":
                effect.children = _rows(results, used["source_rows"])
            below.children.append(effect)
        node.children.append(below)
    missed = [
        Node(
            "near_miss",
            f"{miss['trial_id']} {miss['comparison']}",
            {k: miss[k] for k in ("line", "reason", "detail")},
            _rows(results, miss["source_rows"]),
        )
        for miss in claim["near_misses"]
    ]
    if missed:
        node.children.append(Node("group", "near misses", {}, missed))
    return node


def _line_facts(line: dict) -> dict:
    keys = ("role", "outcome", "measure", "unit", "model", "status", "verdict", "estimate",
            "ci_lower", "ci_upper", "k")  # fmt: skip
    return {k: line.get(k) for k in keys}


def _claim_facts(claim: dict) -> dict:
    return {k: claim[k] for k in ("verdict", "certainty", "reason", "statement")}


def describe(node: Node) -> str:
    """Return one line of words on a node, without its id."""
    f = node.facts
    if node.kind == "row":
        return _words_of_row(f)
    if node.kind == "measurement":
        spread = f"{f['spread_kind']} {_number(f['spread'])}" if f["spread"] is not None else ""
        if f["lower"] is not None and f["upper"] is not None:
            spread += f" {f['spread_kind']} {_number(f['lower'])} to {_number(f['upper'])}"
        parts = [
            f"{f['arm_id']}{' vs ' + f['comparator_arm_id'] if f['comparator_arm_id'] else ''}",
            f"{f['outcome']} {f['timepoint']}",
            f"{_number(f['center'])} {f['unit'] or ''}".strip(),
            spread.strip(),
            f"n {_number(f['n'])}" if f["n"] is not None else "",
        ]
        return ", ".join(filter(None, parts))
    if node.kind == "effect":
        parts = [f"{f['measure']} {_number(f['yi'])} {f['unit'] or ''}".strip()]
        if f["vi"] is not None and f["vi"] >= 0:
            parts.append(f"SE {_number(math.sqrt(f['vi']))}")
        parts.append(str(f["route"]).replace("_", " "))
        return ", ".join(parts) + _weight(f)
    if node.kind == "line":
        return f"{f['role']}: {_result(f)}{_weight(f)}"
    if node.kind == "claim":
        return f"{f['verdict']}{', certainty ' + f['certainty'] if f['certainty'] else ''}"
    if node.kind == "near_miss":
        return f"{f['line']}: {f['detail']}"
    return ""


def _words_of_row(f: dict) -> str:
    printed = f["printed"]
    said = printed.get("as_reported") or printed.get("caution") or printed.get("arm_label") or ""
    if printed and "trial_id" not in printed and not said:
        said = ", ".join(printed.values())  # a row of a table of its own form
    where = ", ".join(
        printed[k] for k in ("trial_id", "arm_id", "outcome", "timepoint") if k in printed
    )
    fate = f["status"]
    if f["reason"]:
        fate += f": {REASONS.get(f['reason'], f['reason'])}"
    return "; ".join(filter(None, (where, f"printed “{said}”" if said else "", fate)))


def _result(f: dict) -> str:
    if f["estimate"] is None:
        return f"{f['verdict']} ({str(f['status']).replace('_', ' ')}, k {_number(f['k'])})"
    interval = f"{_number(f['ci_lower'])} to {_number(f['ci_upper'])}"
    return (
        f"{f['verdict']}, {f['measure']} {_number(f['estimate'])} ({interval}), k {_number(f['k'])}"
    )


def _weight(f: dict) -> str:
    return "" if f.get("weight") is None else f", weight {f['weight']:.1f} %"


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.4g}"
