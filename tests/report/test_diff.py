"""What moved between two sets of results, and what is kept of the results before a run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from liverfit import store
from liverfit.cli import app
from liverfit.report.diff import (
    KEPT,
    DiffError,
    State,
    compare,
    describe,
    keep,
    last_kept,
    state_of_commit,
    state_of_results,
)

run = CliRunner().invoke
AEROBIC = {
    "verdict": "supported", "certainty": "low", "measure": "MD", "unit": "percentage points",
    "estimate": -3.0, "ci_lower": -4.8, "ci_upper": -1.2, "k": 3, "trials": ["a", "b", "c"],
}  # fmt: skip


def state(name: str = "x", tolerance: float = 1e-9, trials=("a", "b", "c"), **changes) -> State:
    """One claim, with some of its entry changed."""
    claims = {"aerobic": {**AEROBIC, "trials": list(trials), **changes}}
    return State(name, claims, sorted({*trials, "z"}), tolerance)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, None),
        ({"estimate": -3.0 + 1e-12}, None),
        ({"verdict": "inconclusive"}, "verdict"),
        ({"estimate": -2.9}, "estimate"),
        ({"ci_upper": None}, "estimate"),
        ({"k": 4}, "estimate"),
        ({"certainty": "moderate"}, "estimate"),
        ({"trials": ["a", "b", "d"]}, "evidence"),
    ],
)
def test_what_counts_as_a_move(changes: dict, kind: str | None) -> None:
    difference = compare(state(), state(**changes))
    assert [m.kind for m in difference.moves] == ([] if kind is None else [kind])
    assert bool(difference) is (kind is not None)


def test_trials_that_came_and_went_are_named() -> None:
    (move,) = compare(state(), state(trials=("b", "c", "d"))).moves
    assert (move.trials_in, move.trials_out) == (["d"], ["a"])
    difference = compare(state(), state(trials=("b", "c", "d")))
    assert (difference.trials_in, difference.trials_out) == (["d"], ["a"])


def test_new_and_gone_claims() -> None:
    before, after = state(), state()
    after.claims = {"other": AEROBIC}
    assert [(m.claim, m.kind) for m in compare(before, after).moves] == [
        ("other", "new"),
        ("aerobic", "gone"),
    ]


def test_a_rounded_snapshot_does_not_move_by_rounding() -> None:
    rounded = state(tolerance=0.0015, estimate=-3.001)
    del rounded.claims["aerobic"]["certainty"], rounded.claims["aerobic"]["trials"]
    rounded.trials = None
    assert not compare(rounded, state())
    assert compare(rounded, state(estimate=-3.01))


def test_words() -> None:
    assert describe(AEROBIC) == "supported, low certainty, MD -3 (-4.8 to -1.2), k 3"
    assert describe({"verdict": "untestable", "estimate": None, "k": 1}) == "untestable, k 1"


def test_state_of_results(three_trials: Path) -> None:
    found = state_of_results(three_trials / "results")
    assert found.trials == ["alpha2015", "beta2016", "gamma2017"]
    entry = found.claims["aerobic_lowers_liver_fat"]
    assert entry["verdict"] == "supported"
    assert entry["estimate"] == pytest.approx(-3.0)
    assert entry["trials"] == found.trials
    assert not compare(found, state_of_results(three_trials / "results"))


@pytest.fixture
def results(three_trials: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the results in the working folder."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(three_trials / "results", "results")
    return Path("results")


def edit(results: Path, old: str, new: str) -> None:
    """Write other words into claims.csv, as the workflow writes it."""
    path = results / "claims/claims.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    store.write_text(path, text.replace(old, new, 1))


def test_the_results_before_a_run_are_kept_and_compared(results: Path) -> None:
    assert run(app, ["diff"]).exit_code == 2
    first = keep(results)
    assert first is not None
    assert keep(results) is None
    nothing = run(app, ["diff"])
    assert nothing.exit_code == 0
    assert nothing.output.endswith("no verdicts and no estimates moved, no claims in all\n")
    edit(results, ",supported,", ",inconclusive,")
    moved = run(app, ["diff"])
    assert moved.exit_code == 1
    claim = "aerobic_lowers_liver_fat  verdict: supported"
    assert claim in moved.output
    assert "-> inconclusive" in moved.output
    # a run that changes nothing more does not hide what the one before it moved
    assert keep(results) is not None
    assert claim in run(app, ["diff"]).output
    document = json.loads(run(app, ["diff", "--format", "json"]).output)
    assert document["before"] == str(first)
    assert [m["kind"] for m in document["moves"]] == ["verdict"]


def test_only_the_last_are_kept(results: Path) -> None:
    history = Path("logs/results")
    for number in range(KEPT + 3):
        edit(
            results, "percentage points" if number == 0 else f"unit {number - 1}", f"unit {number}"
        )
        assert keep(results) is not None
    kept = sorted(history.glob("*.json"))
    assert len(kept) == KEPT
    assert f"unit {KEPT + 2}" in kept[-1].read_text()
    assert len(list(history.iterdir())) == 2 * KEPT


def test_half_finished_results_are_not_kept(results: Path) -> None:
    claims = results / "claims/claims.csv"
    os.utime(claims, (1, 1))
    assert keep(results) is None
    os.utime(claims)
    claims.write_text(claims.read_text(encoding="utf-8") + "tampered\n")
    assert keep(results) is None
    assert keep(Path("nowhere")) is None
    assert not Path("logs").exists()


def test_a_damaged_history_is_told(results: Path) -> None:
    path = keep(results)
    path.write_text("{")
    with pytest.raises(DiffError, match="cannot be read"):
        last_kept(state_of_results(results))
    assert run(app, ["diff"]).exit_code == 2


def test_against_a_folder_and_a_commit(results: Path) -> None:
    shutil.copytree("results", "before")
    assert run(app, ["diff", "--against", "before"]).exit_code == 0
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        if command[0] == "add":
            Path("tests/snapshots").mkdir(parents=True)
            Path("tests/snapshots/verdicts.csv").write_text(
                "claim,verdict,k,estimate,ci_lower,ci_upper\n"
                "aerobic_lowers_liver_fat,inconclusive,3,-3.000,-4.757,-1.243\n"
                "gone_claim,untestable,0,,,\n"
            )
        subprocess.run(
            ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *command], check=True
        )
    done = run(app, ["diff", "--against", "HEAD"])
    assert done.exit_code == 1
    assert "aerobic_lowers_liver_fat  verdict: inconclusive" in done.output
    assert "gone_claim  gone: untestable, k 0 -> not there" in done.output
    assert "hiit_lowers_liver_fat  new: not there -> untestable" in done.output
    for ref in ("nosuch", "HEAD:x", "--output=evil", ""):
        assert run(app, ["diff", f"--against={ref}"]).exit_code == 2
    assert not Path("evil").exists()
    with pytest.raises(DiffError):
        state_of_commit("--output=evil")
