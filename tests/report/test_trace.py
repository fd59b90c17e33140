"""The chain from printed number to verdict and back, on three trials of known numbers."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from liverfit import store
from liverfit.cli import app
from liverfit.report.trace import Node, Results, TraceError, describe, trace

run = CliRunner().invoke
ALPHA = "alpha2015:ex-vs-con:liver_fat:MD"


@pytest.fixture(scope="module")
def results(three_trials: Path) -> Results:
    return Results(three_trials / "results")


def flat(node: Node) -> list[Node]:
    """The node and all below it."""
    return [node, *(n for child in node.children for n in flat(child))]


def path_to(node: Node, kind: str, name: str) -> list[str]:
    """The kinds on the way from the root to a node; [] when it is not there."""
    if (node.kind, node.id) == (kind, name):
        return [node.kind]
    for child in node.children:
        below = path_to(child, kind, name)
        if below:
            return [node.kind, *below]
    return []


def test_a_row_leads_to_the_verdict(results: Results) -> None:
    node = trace(results, "mini/measurements.csv:2")
    assert node.facts["status"] == "used"
    assert node.facts["printed"]["as_reported"] == "-3.8 (SD 2.0)"
    way = path_to(node, "line", "aerobic_lowers_liver_fat/primary")
    assert way == ["row", "measurement", "effect", "line"]
    line = next(n for n in flat(node) if n.id == "aerobic_lowers_liver_fat/primary")
    assert line.facts["weight"] == pytest.approx(100 / 3)
    assert [(c.kind, c.facts["verdict"]) for c in line.children] == [("claim", "supported")]
    measurement = node.children[0]
    assert (measurement.facts["center"], measurement.facts["spread"]) == (-3.8, 2.0)
    effect = next(n for n in flat(node) if n.id == ALPHA)
    assert effect.facts["yi"] == pytest.approx(-2.8)


def test_a_superseded_row_leads_on_to_the_row_in_its_place(results: Results) -> None:
    node = trace(results, "data/raw/mini/measurements.csv:3")
    assert node.facts["status"] == "superseded"
    place = next(c for c in node.children if c.id == "in its place")
    assert place.children[0].id == "mini/measurements.csv:2"


def test_an_excluded_row_says_why(results: Results) -> None:
    node = trace(results, "mini/measurements.csv:15")
    assert "excluded: the other arm prints no number" in describe(node)
    assert not [n for n in flat(node) if n.kind == "claim"]


def test_an_effect_goes_both_ways(results: Results) -> None:
    back, onwards = trace(results, ALPHA).children
    rows = {n.id for n in flat(back) if n.kind == "row"}
    assert rows == {f"mini/measurements.csv:{line}" for line in (2, 3, 4)}
    claims = {n.id for n in flat(onwards) if n.kind == "claim"}
    assert claims == {"aerobic_lowers_liver_fat", "exercise_lowers_liver_fat"}


def test_a_claim_goes_back_to_printed_rows_and_near_misses(results: Results) -> None:
    node = trace(results, "exercise_lowers_liver_fat")
    (line,) = [c for c in node.children if c.kind == "line"]
    assert [round(e.facts["weight"], 3) for e in line.children] == [30, 30, 20, 20]
    printed = {n.facts["printed"]["as_reported"] for n in flat(line) if n.kind == "row"}
    assert "-3.0 (95% CI -4.475 to -1.525)" in printed
    missed = trace(results, "hiit_lowers_liver_fat")
    assert missed.facts["verdict"] == "untestable"


def test_a_trial_shows_its_effects(results: Results) -> None:
    ids = {c.id for c in trace(results, "gamma2017").children if c.id.endswith(":MD")}
    assert ids == {
        "gamma2017:ae-vs-con:liver_fat:MD",
        "gamma2017:hiit-vs-con:liver_fat:MD",
        "gamma2017:hiit-vs-ae:liver_fat:MD",
    }


def test_every_row_of_the_ledger_can_be_followed(results: Results) -> None:
    for row_id, entry in results.ledger.items():
        node = trace(results, row_id)
        reached = {n.id for n in flat(node) if n.kind == "effect"}
        used_in = set(filter(None, (entry["used_in"] or "").split(";")))
        assert {u for u in used_in if ":" in u} <= reached


def test_a_name_that_is_not_there_gets_near_ones(results: Results) -> None:
    with pytest.raises(TraceError, match=r"near it: .*mini/measurements\.csv:"):
        trace(results, "mini/measurements.csv:99")
    with pytest.raises(TraceError, match=r"near it: .*aerobic_lowers_liver_fat"):
        trace(results, "aerobic_lowers_fat")


def test_command(three_trials: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(three_trials)
    text = run(app, ["trace", "mini/measurements.csv:2"])
    assert text.exit_code == 0
    first, second = text.output.splitlines()[:2]
    assert first == (
        "mini/measurements.csv:2  alpha2015, ex, liver_fat, change; printed “-3.8 (SD 2.0)”; used"
    )
    assert second.startswith("└── mini/measurements.csv:2  ex, liver_fat change, -3.8 percentage")
    line = next(li for li in text.output.splitlines() if "aerobic_lowers_liver_fat/primary" in li)
    assert "weight 33.3 %  → aerobic_lowers_liver_fat  supported" in line
    document = json.loads(run(app, ["trace", ALPHA, "--format", "json"]).output)
    assert (document["kind"], document["id"]) == ("effect", ALPHA)
    assert document["yi"] == pytest.approx(-2.8)
    cut = run(app, ["trace", "gamma2017"]).output
    assert "more, shown with --all" in cut
    assert "more, shown with" not in run(app, ["trace", "gamma2017", "--all"]).output


def test_status(three_trials: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(three_trials)
    unknown = run(app, ["trace", "no\x1b[31msuch"])
    assert unknown.exit_code == 1
    assert "\x1b" not in unknown.output
    assert run(app, ["trace"]).exit_code == 2
    missing = run(app, ["trace", ALPHA, "--results", str(tmp_path)])
    assert missing.exit_code == 2
    assert "run `snakemake` first" in missing.output
    shutil.copytree("results", tmp_path / "results")
    with (tmp_path / "results/effects/effects.csv").open("a") as file:
        file.write("tampered\n")
    tampered = run(app, ["trace", ALPHA, "--results", str(tmp_path / "results")])
    assert tampered.exit_code == 2
    assert "changed after it was written" in tampered.output


def test_hostile_labels_are_text(three_trials: Path, tmp_path: Path, monkeypatch) -> None:
    shutil.copytree(three_trials / "results", tmp_path / "results")
    path = tmp_path / "results/ingested/mini.json"
    hostile = "[red]x[/red] \\u001b[2J\\u202e"
    path.write_text(path.read_text(encoding="utf-8").replace("-3.8 (SD 2.0)", hostile))
    store._write_sidecar(path, f"{store.checksum(path)}  mini.json\n")
    arguments = ["trace", "mini/measurements.csv:2", "--results", str(tmp_path / "results")]
    plain = run(app, arguments).output
    assert "printed “[red]x[/red] \\x1b[2J\\u202e”" in plain
    assert "\x1b" not in plain
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = run(app, arguments).output
    assert "\x1b[2J" not in coloured
    assert "\u202e" not in coloured
    assert "[red]x[/red]" in re.sub(r"\x1b\[[0-9;]*m", "", coloured)
