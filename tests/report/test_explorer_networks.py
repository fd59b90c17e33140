"""Pages of networks: each number is one of the result files, both directions linked, all told."""

from __future__ import annotations

import json
import math
import re

import pytest
from explorer_networks import Tables, labels_of

from liverfit.plots.scales import Scale, signed
from liverfit.report.explorer.network import network_of
from liverfit.report.explorer.network_graph import graph

MADE_UP = "liver_fat_ROM"


@pytest.fixture(scope="module")
def network(explorer) -> dict:
    """The made-up network, as its file has it."""
    return next(net for net in explorer.networks.fitted if net["measure"] == "ROM")


@pytest.fixture(scope="module")
def page(explorer) -> Tables:
    return Tables(explorer.network(MADE_UP))


def test_the_made_up_network_has_loops_ranks_and_a_part_that_is_not_connected(network):
    """What the tests below look at is there at all."""
    assert network["status"] == "ok"
    assert network["inconsistency"]["status"] == "ok"
    assert {n["connected"] for n in network["nodes"]} == {True, False}
    assert {r["status"] for r in network["split"]} == {"ok", "only_direct"}
    assert len(network["ranks"]["nodes"]) == 6


def test_every_page_leads_to_the_networks_and_the_search_finds_each(explorer):
    for path in explorer.folder.rglob("*.html"):
        if path.name != "report.html":
            assert 'networks.html">Networks</a>' in path.read_text(encoding="utf-8"), path
    listed = Tables((explorer.pages / "networks.html").read_text(encoding="utf-8"))
    script = (explorer.pages / "assets/search.js").read_text(encoding="utf-8")
    index = json.loads(script.removeprefix("window.LIVERFIT_INDEX = ").rstrip(";\n"))
    found = {entry["href"] for entry in index if entry["kind"] == "network"}
    assert found == {f"networks/{name}.html" for name in explorer.networks.figures}
    assert found <= set(listed.links)
    assert len(listed.text("Networks")) == 1 + len(explorer.networks.fitted)


def test_the_league_table_holds_every_pair_with_interval_heat_and_trials(explorer, network, page):
    rows = {
        (r["label1"], r["label2"]): r
        for name, table in zip(explorer.networks.figures, explorer.networks.leagues, strict=True)
        for r in table
        if name == MADE_UP
    }
    scale = Scale(network["measure"])
    head, *body = page.tables["League table"]
    names = [" ".join(cell["parts"]) for cell in head[1:]]
    best = [r["node"] for r in network["ranks"]["nodes"]]
    assert names == [labels_of(network)[node] for node in best]
    seen = 0
    for line in body:
        name = " ".join(line[0]["parts"])
        for other, cell in zip(names, line[1:], strict=True):
            if name == other:
                assert cell["parts"] == ["the same"]
                continue
            row, seen = rows[name, other], seen + 1
            ends = [row["ci_lower"], row["ci_upper"]]
            told, interval, direct = cell["parts"]
            digits = len(told.partition(".")[2])
            assert told == signed(scale.shown(row["estimate"]), digits)
            assert interval == " to ".join(signed(scale.shown(end), digits) for end in ends)
            assert cell["bold"] == (ends[0] > 0 or ends[1] < 0)
            assert cell["side"] == ("row" if row["estimate"] < 0 else "column")
            assert direct.split()[0] == (str(int(row["k_direct"])) if row["k_direct"]
                                         else "indirect")  # fmt: skip
    assert seen == len(rows) == 30
    assert {cell["bold"] for line in body for cell in line[1:]} == {True, False}
    assert len(page.text("Every pair of nodes")) == 1 + len(network["league"])


def test_ranks_come_with_their_uncertainty(network, page):
    shown = page.text("Ranks")[1:]
    assert len(shown) == len(network["ranks"]["nodes"])
    for (name, p_score, mean, best, _), r in zip(shown, network["ranks"]["nodes"], strict=True):
        assert name == labels_of(network)[r["node"]]
        assert p_score == f"{r['p_score']:.2f}"
        assert mean == f"{r['mean_rank']:.1f} ({r['rank_lower']} to {r['rank_upper']})"
        assert int(re.search(r"\d+", best)[0]) == pytest.approx(100 * r["probabilities"][0], abs=1)
    drawn = next(chart for chart in page.charts if chart["chart"] == "ranks")
    boxes = [row for row in drawn["rows"] if row["kind"] == "rank"]
    assert len(boxes) == len(shown) ** 2
    assert sum(box["probability"] for box in boxes) == pytest.approx(len(shown))


def test_direct_and_indirect_evidence_stand_side_by_side(network, page):
    labels = labels_of(network)
    shown = {row[0]: row for row in page.text("Node-splitting")[1:]}
    assert len(shown) == len(network["split"])
    for r in network["split"]:
        both = r["status"] == "ok"
        name = f"{labels[r['node1']]} against {labels[r['node2']].lower()}"
        row = shown[name if both else f"{name} direct only"]
        assert row[3] == f"{signed(r['direct'], 2)} ({signed(r['direct_se'], 2)})"
        assert (row[4] == "–") == (row[6] == "–") == (not both)


def test_the_whole_test_of_inconsistency_and_of_additivity_is_told(explorer, network):
    text = " ".join(explorer.network(MADE_UP).split())
    tested = network["inconsistency"]
    assert f"Q between designs {tested['q']:.2f} on {tested['df']}" in text
    small = explorer.network("liver_fat_MD")
    assert "cannot be tested" in small
    components = network["components"]
    assert components["status"] == "ok"
    assert f"Additivity: Q {components['additivity']['q']:.2f}" in text


def test_components_are_those_of_the_file(network, page):
    scale = Scale(network["measure"])
    shown = {row[0]: row[1] for row in page.text("Components")[1:]}
    for r in network["components"]["components"]:
        told = shown[r["component"].replace("_", " ").capitalize()]
        assert told.startswith(
            signed(scale.shown(r["coef"]), len(told.split()[0].partition(".")[2]))
        )
    assert len(shown) == len(network["components"]["components"])
    combined = {row[0]: row for row in page.text("Combinations and their sums")[1:]}
    assert "Aerobic + resistance" in combined


def test_modifiers_stand_by_comparison_and_say_how_many_trials_tell_them(explorer, page):
    rows = [r for r in explorer.networks.transitivity if r["measure"] == "ROM"]
    head, *body = page.text("Effect modifiers by comparison")
    assert len(body) == len({(r["node1"], r["node2"]) for r in rows})
    assert len(head) == 2 + len({r["modifier"] for r in rows})
    at = head.index("Age, years")
    ages = [r for r in rows if r["modifier"] == "age"]
    for row, r in zip(body, ages, strict=True):
        assert row[at].split()[0].rstrip(";") == f"{r['median']:.3g}"
    assert {row[1] for row in body} == {f"{r['k']:.0f}" for r in rows}


def test_a_network_without_trials_says_why(explorer):
    found = next(net for net in explorer.networks.fitted if net["outcome"] == "vo2peak")
    text = explorer.network("vo2peak_MD")
    assert found["status"] == "not_run"
    assert "No network could be fitted." in text
    assert 'id="league"' not in text
    assert 'class="league"' not in text


def test_claims_and_trials_lead_to_their_networks_and_back(explorer):
    links = 0
    for net, name in zip(explorer.networks.fitted, explorer.networks.figures, strict=True):
        page = Tables(explorer.network(name))
        for claim in explorer.claims:
            uses = any(network_of(line) == name for line in claim["lines"])
            assert (f"../claims/{claim['claim']}.html" in page.links) == uses
            there = f"../networks/{name}.html" in Tables(explorer.claim(claim["claim"])).links
            assert there == uses
            links += uses
        inside = {t["trial_id"] for t in net["trials"] if t["fitted"]}
        for trial in explorer.records.trials:
            there = f"../networks/{name}.html" in Tables(explorer.trial(trial)).links
            assert there == (trial in inside)
    assert links == 2


def test_a_line_on_a_network_has_the_estimate_of_its_league_table(explorer):
    claim = next(c for c in explorer.claims if c["claim"] == "aerobic_lowers_liver_fat")
    line = next(line for line in claim["lines"] if line["name"] == "network")
    net = next(n for n in explorer.networks.fitted if n["measure"] == "MD")
    (pair,) = [r for r in net["league"] if {r["node1"], r["node2"]} == {"aerobic", "none"}]
    assert line["status"] == "ok"
    assert abs(line["estimate"]) == pytest.approx(abs(pair["estimate"]))


def test_downloads_are_the_files_themselves(explorer):
    for files in explorer.networks.figures.values():
        for source in files.values():
            copied = explorer.pages / "downloads" / source.name
            assert copied.read_bytes() == source.read_bytes()


def test_a_graph_has_a_circle_a_node_and_a_line_a_comparison(network):
    rows = graph(network, labels_of(network))["rows"]
    nodes = [row for row in rows if row["kind"] == "node"]
    edges = [row for row in rows if row["kind"] == "edge"]
    assert [row["label"] for row in nodes] == [n["label"] for n in network["nodes"]]
    assert [row["k"] for row in edges] == [e["k"] for e in network["edges"]]
    for row, n in zip(nodes, network["nodes"], strict=True):
        most = max(other["participants"] for other in network["nodes"])
        assert row["size"] == pytest.approx(1500 * n["participants"] / most)
        assert math.hypot(row["x"], row["y"]) == pytest.approx(1)
    assert graph({**network, "nodes": network["nodes"][:1]}, labels_of(network)) is None
