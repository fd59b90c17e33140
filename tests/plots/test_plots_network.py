"""Figures of networks: graph, league table and ranks, whole and legible with any names."""

import itertools

import pandas as pd
import pytest
from figure_checks import assert_legible, marks, words

from liverfit.plots.league import league
from liverfit.plots.network import network_graph, network_table
from liverfit.plots.ranks import ranks_figure, ranks_table
from liverfit.plots.style import MODALITY_COLOURS

SHORT = ["No exercise", "Aerobic", "Interval", "Resistance", "Aerobic + resistance", "Diet",
         "Diet + aerobic", "Diet + resistance", "Diet + combined"]  # fmt: skip


def net(labels=SHORT, cut=0, better="lower", estimable=True):
    """A network with a line between neighbours and one trial of three; the last `cut` are apart."""
    names = [f"n{i}" for i in range(len(labels))]
    colours = list(MODALITY_COLOURS)
    connected = [i < len(labels) - cut for i in range(len(labels))]
    inside = [n for n, c in zip(names, connected, strict=True) if c]
    edges = [
        {"node1": a, "node2": b, "k": 1 + i % 4, "connected": b in inside}
        for i, (a, b) in enumerate(itertools.pairwise(names))
        if (a in inside) == (b in inside)
    ]
    ranked = [
        {"node": n, "p_score": 1 - i / len(inside), "mean_rank": i + 1.2, "rank_lower": i + 1,
         "rank_upper": min(i + 2, len(inside)),
         "probabilities": [1.0 if j == i else 0.0 for j in range(len(inside))]}
        for i, n in enumerate(inside)
    ]  # fmt: skip
    return {
        "outcome": "homa_ir", "outcome_label": "HOMA-IR", "measure": "MD", "unit": "index",
        "better": better, "reference": "n0", "level": 0.95, "status": "ok", "reason": "",
        "warning": "" if estimable else "no degree of freedom is left for the heterogeneity",
        "nodes": [
            {"node": n, "label": label, "trials": 1 + i, "participants": None if i == 2 else 9 * i,
             "connected": c, "modalities": [colours[i]]}
            for i, (n, label, c) in enumerate(zip(names, labels, connected, strict=True))
        ],
        "edges": edges,
        "trials": [{"trial_id": "t", "nodes": names[:3], "fitted": True}],
        "left_out": [{"trial_id": "h", "label": "Hansen 2009",
                      "detail": "all its arms belong to n1"}],
        "heterogeneity": {"estimable": estimable, "tau2": 0.05, "i2": 36.0},
        "inconsistency": {"status": "not_run", "reason": "no closed loop"},
        "ranks": {"status": "ok", "reason": "", "nodes": ranked},
    }  # fmt: skip


def pairs(network):
    inside = [n["node"] for n in network["nodes"] if n["connected"]]
    rows = [
        {"node1": a, "node2": b, "estimate": e, "ci_lower": e - 11.1, "ci_upper": e + 11.1,
         "k_direct": int(a == "n0")}
        for i, a in enumerate(inside) for j, b in enumerate(inside) if i != j
        for e in [float(i - j)]
    ]  # fmt: skip
    return pd.DataFrame(rows)


LONG = ["Aerobic and resistance training with a diet " + x for x in "abcdefghi"]


@pytest.mark.parametrize("count", [2, 3, 4, 5, 7, 8, 9])
@pytest.mark.parametrize("labels", [SHORT, LONG], ids=["short", "long"])
def test_graphs_of_any_size_are_whole_and_legible(count, labels):
    network = net(labels[:count], cut=1 if count > 4 else 0)
    fig = network_graph(network)
    assert len(marks(fig, "node-")) == count
    assert len(marks(fig, "comparison-")) == len(network["edges"])
    assert_legible(fig)


def test_names_stay_within_the_margins():
    """The node on the left of a ring of five has a long name and little room."""
    fig = network_graph(net(["No exercise", "Aerobic", "Interval", "R", "Aerobic + resistance"]))
    fig.draw_without_rendering()
    renderer = fig.canvas.get_renderer()
    left = min(t.get_window_extent(renderer).x0 for ax in fig.axes for t in ax.texts)
    assert left >= 0.3 * fig.dpi


def test_what_is_left_out_or_cut_off_is_told_and_hollow():
    fig = network_graph(net(cut=2))
    assert "Left out: Hansen 2009 (all its arms belong to aerobic)." in words(fig)
    circles = {m.get_gid(): m for m in marks(fig, "node-")}
    assert circles["node-n8"].get_linestyle() != circles["node-n1"].get_linestyle()
    table = network_table(net(cut=2))
    assert table.loc[table["mark"] == "node", "connected"].tolist() == [True] * 7 + [False] * 2


@pytest.mark.parametrize("labels", [SHORT, LONG, SHORT[:5], SHORT[:2]])
@pytest.mark.parametrize("better", ["lower", "higher", ""])
def test_leagues_are_whole_and_legible(labels, better):
    network = net(labels, better=better)
    fig = league(pairs(network), network)
    assert len(marks(fig, "cell-")) == len(labels) * (len(labels) - 1)
    assert_legible(fig)


def test_the_blue_side_of_a_league_is_the_better_one():
    def blue(better):
        network = net(SHORT[:3], better=better)
        fig = league(pairs(network), network)
        cell = next(m for m in marks(fig, "cell-") if m.get_gid() == "cell-n0-n2")  # −2
        red, _, blue, _ = cell.get_facecolor()
        return blue > red

    assert (blue("lower"), blue("higher")) == (True, False)


def test_ranks_never_stand_without_their_interval():
    networks = [net(), net(SHORT[:3], estimable=False)]
    networks[1]["outcome"] = "vo2peak"
    table = ranks_table(networks)
    assert table[["rank_lower", "rank_upper", "probability"]].notna().all().all()
    assert table.groupby(["outcome", "node"])["probability"].sum().eq(1).all()
    together = {"outcome": "all", "status": "ok", "reason": "over both", "mean_rank": 1.3,
                "rank_lower": 1.0, "rank_upper": 2.5, "probability_best": 0.7}  # fmt: skip
    profile = pd.DataFrame([{**together, "node": f"n{i}", "label": LONG[i]} for i in range(3)])
    fig = ranks_figure(networks, profile)
    assert_legible(fig)
    assert len(marks(fig, "interval-")) == len(marks(fig, "rank-")) == 9 + 3 + 3
    assert "No degree of freedom is left" in words(fig)
