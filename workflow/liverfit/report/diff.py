"""Which verdicts, estimates and trials moved between two sets of results."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path

from liverfit import store

HISTORY = Path("logs/results")
KEPT = 10
SNAPSHOT = "tests/snapshots/verdicts.csv"
NUMBERS = ("estimate", "ci_lower", "ci_upper")
WORDS = ("verdict", "certainty", "measure", "unit")
# two runs of the same analysis agree in far more digits, a committed snapshot in three decimals
EXACT, ROUNDED = 1e-9, 0.0015


class DiffError(ValueError):
    """There is nothing to compare with, or it cannot be read; the text says which."""


@dataclass
class State:
    """What a set of results says, as far as it is compared.

    Attributes
    ----------
    name : str
        Where it is from.
    claims : dict
        By claim: verdict, certainty, measure, unit (text), estimate, ci_lower, ci_upper (float or
        None), k (int), and `trials`, the sorted trials of its primary lines. What the source does
        not tell is absent.
    trials : list of str or None
        All trials with an effect; None where the source does not tell.
    tolerance : float
        How much a number may differ without having moved.
    """

    name: str
    claims: dict[str, dict] = field(default_factory=dict)
    trials: list[str] | None = None
    tolerance: float = EXACT


@dataclass
class Move:
    """A claim that is not what it was.

    Attributes
    ----------
    claim : str
    kind : {"new", "gone", "verdict", "estimate", "evidence"}
        ``estimate`` when the verdict stayed and a number, k or certainty moved; ``evidence`` when
        only the trials did.
    before, after : dict or None
        The entries of :class:`State`.
    trials_in, trials_out : list of str
        Trials of the primary lines that came and went.
    """

    claim: str
    kind: str
    before: dict | None
    after: dict | None
    trials_in: list[str] = field(default_factory=list)
    trials_out: list[str] = field(default_factory=list)


@dataclass
class Difference:
    """All that moved from one state to another."""

    before: str
    after: str
    moves: list[Move]
    trials_in: list[str]
    trials_out: list[str]

    def __bool__(self) -> bool:
        """Whether anything moved."""
        return bool(self.moves or self.trials_in or self.trials_out)

    def to_dict(self) -> dict:
        """Return the difference as a JSON-able mapping."""
        return asdict(self)


def state_of_results(folder: Path | str) -> State:
    """Read the state of a results folder whose files are whole.

    Raises
    ------
    DiffError
        When a file is missing or not what the workflow wrote.
    """
    folder = Path(folder)
    try:
        rows = _rows(store.verify(folder / "claims/claims.csv").read_text(encoding="utf-8"))
        claims = {}
        for row in rows:
            judged = store.read_json(folder / f"claims/{row['claim']}.json")
            primary = [line for line in judged["lines"] if line["role"] == "primary"]
            trials = {e["trial_id"] for line in primary for e in line["effects"]}
            claims[row["claim"]] = _entry(row) | {"trials": sorted(trials)}
        effects = _rows(store.verify(folder / "effects/effects.csv").read_text(encoding="utf-8"))
    except (store.StoreError, OSError, KeyError, ValueError) as error:
        raise DiffError(f"{folder} holds no whole results ({error})") from error
    return State(str(folder), claims, sorted({row["trial_id"] for row in effects}))


def state_of_commit(ref: str, folder: Path | str = ".") -> State:
    """Read the verdicts committed with a git ref: claim, verdict, k and numbers of three decimals.

    Raises
    ------
    DiffError
        When there is no such ref, or no snapshot of verdicts in it.
    """
    if ref.startswith("-"):
        raise DiffError("a git ref does not begin with -")
    command = ["git", "-C", str(folder), "show", f"{ref}:{SNAPSHOT}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise DiffError(f"git cannot be run ({error.strerror})") from error
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise DiffError(f"no {SNAPSHOT} at that git ref ({said[0] if said else 'git failed'})")
    try:
        claims = {row["claim"]: _entry(row) for row in _rows(done.stdout)}
    except (KeyError, ValueError) as error:
        raise DiffError(f"{SNAPSHOT} at that git ref cannot be read ({error})") from error
    return State(f"{ref}:{SNAPSHOT}", claims, None, ROUNDED)


def keep(results: Path | str, history: Path | str = HISTORY) -> Path | None:
    """Keep the state of whole results before a run, unless it is the one kept last.

    Returns
    -------
    Path or None
        The new file in ``history``; None when the results are missing, not whole or not of one
        run, or nothing changed since. Never raises for what the folders hold.
    """
    results, history = Path(results), Path(history)
    claims, effects = results / "claims/claims.csv", results / "effects/effects.csv"
    try:
        if claims.stat().st_mtime < effects.stat().st_mtime:
            return None  # a run was cut short: claims of the run before beside effects of this one
        state = state_of_results(results)
        text = json.dumps(asdict(state), ensure_ascii=False, sort_keys=True, indent=1)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        before = _history(history)
        if before and before[-1].stem.endswith(digest):
            return None
        at = int(before[-1].stem.split("-")[0]) + 1 if before else 1
        path = history / f"{at:06d}-{digest}.json"
        store.write_text(path, text)
        for old in before[: -(KEPT - 1)]:
            store.sidecar(old).unlink(missing_ok=True)
            old.unlink()
        return path
    except (DiffError, store.StoreError, OSError, ValueError):
        return None


def last_kept(now: State, history: Path | str = HISTORY) -> State:
    """Return the newest kept state that differs from ``now``, else the newest.

    Raises
    ------
    DiffError
        When none was kept.
    """
    found = None
    for path in reversed(_history(Path(history))):
        state = _read_state(path)
        found = found or state
        if compare(state, now):
            return state
    if found is None:
        raise DiffError(
            f"no earlier results are kept in {history}: name a results folder or a git ref with "
            "--against"
        )
    return found


def _history(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("*-*.json") if p.stem.split("-")[0].isdigit())


def _read_state(path: Path) -> State:
    try:
        return State(**{**json.loads(path.read_text(encoding="utf-8")), "name": str(path)})
    except (OSError, ValueError, TypeError) as error:
        raise DiffError(f"{path} cannot be read ({error}); delete it") from error


def compare(before: State, after: State) -> Difference:
    """Compare two states claim by claim, in the order of the later one."""
    tolerance = max(before.tolerance, after.tolerance)
    moves = []
    for claim, now in after.claims.items():
        was = before.claims.get(claim)
        if was is None:
            moves.append(Move(claim, "new", None, now))
            continue
        in_, out = _came_and_went(was.get("trials"), now.get("trials"))
        told = was.keys() & now.keys()
        if was["verdict"] != now["verdict"]:
            kind = "verdict"
        elif any(was[k] != now[k] for k in ("certainty", "k") if k in told) or any(
            _moved(was[n], now[n], tolerance) for n in NUMBERS
        ):
            kind = "estimate"
        elif in_ or out:
            kind = "evidence"
        else:
            continue
        moves.append(Move(claim, kind, was, now, in_, out))
    gone = [claim for claim in before.claims if claim not in after.claims]
    moves += [Move(claim, "gone", before.claims[claim], None) for claim in gone]
    return Difference(before.name, after.name, moves, *_came_and_went(before.trials, after.trials))


def _came_and_went(
    before: list[str] | None, after: list[str] | None
) -> tuple[list[str], list[str]]:
    if before is None or after is None:
        return [], []
    return sorted(set(after) - set(before)), sorted(set(before) - set(after))


def _moved(before: float | None, after: float | None, tolerance: float) -> bool:
    if before is None or after is None:
        return before is not after
    return abs(before - after) > tolerance * max(1.0, abs(before))


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def _entry(row: dict[str, str]) -> dict:
    entry: dict = {word: row[word] for word in WORDS if word in row}
    entry |= {n: float(row[n]) if row[n] else None for n in NUMBERS}
    return entry | {"k": int(float(row["k"] or 0))}


def describe(entry: dict | None) -> str:
    """Return verdict, estimate with interval and k of one entry in words."""
    if entry is None:
        return "not there"
    words = entry["verdict"]
    if entry.get("certainty"):
        words += f", {entry['certainty']} certainty"
    if entry["estimate"] is not None:
        estimate, low, high = (f"{entry[n]:.3g}" if entry[n] is not None else "?" for n in NUMBERS)
        words += f", {entry.get('measure', '')} {estimate} ({low} to {high})".replace("  ", " ")
    return f"{words}, k {entry['k']}"
