"""The specification curve: what it draws is what the multiverse says."""

from __future__ import annotations

import pytest
from figure_checks import assert_legible, texts, words

from liverfit import store
from liverfit.claims.multiverse.choices import Choice, Grid, Incompatible
from liverfit.claims.multiverse.curve import BINS, curve
from liverfit.claims.multiverse.evaluate import evaluate
from liverfit.claims.multiverse.listing import specifications
from liverfit.claims.multiverse.summary import summarise
from liverfit.plots.specification_curve import options_table, specification_curve
from liverfit.plots.style import save_figure

MODELS = {"estimator": "REML", "test": "knha", "hartung_knapp_floor": True, "level": 0.95}
CLAIM = {"statement": "Exercise \\frac{a}{b} lowers $x_1$ & <b>liver</b> fat."}
LINE = {
    "name": "primary", "outcome": "liver_fat", "outcome_label": "Liver fat", "measure": "MD",
    "unit": "percentage points", "direction": "decrease", "null": 0.0, "margin": 1.0,
    "rule": "superiority", "model": "random_effects", "where": {}, "minimum_trials": 3,
}  # fmt: skip
LONG = "people with a condition whose name is far longer than any name has a right to be"


def effect(trial: int, measure: str, scale: float) -> dict:
    return {
        "effect_id": f"t{trial}:{measure}", "trial_id": f"t{trial}", "cohort_id": f"t{trial}",
        "label": "", "arm_id": "a", "comparator_arm_id": "b", "measure": measure,
        "variants": "estimated|leave_out", "yi": scale * (-2.0 + 0.7 * (trial % 3)),
        "vi": scale**2 * (0.2 + 0.1 * trial), "v_arm": scale**2 * 0.1, "v_comparator": 0.1,
        "n1": 20.0, "n2": 20.0, "condition": ("nafld", "t2d")[trial % 2],
        "minutes_per_week": None, "comparator_minutes_per_week": None,
    }  # fmt: skip


def grid(*estimators: str) -> Grid:
    rules = ({}, {"keep": {"condition": ["nafld"]}}, {"keep": {"condition": ["nobody"]}})
    return Grid(
        data=(
            Choice("measure", ("MD", "SMD", "ROM")),
            Choice("correlation", ("estimated",)),
            Choice("unresolved_spread", ("leave_out",)),
            Choice("population", ("all", LONG[:40], "nobody"), rules),
            Choice("dependence", ("aggregated",)),
            Choice("leave_out", ("none", "most_precise")),
        ),
        model=(Choice("estimator", estimators), Choice("test", ("knha_floor", "z"))),
        incompatible=(Incompatible({"estimator": ("HS",), "test": ("z",)}, "indefensible"),),
    )


def evaluated(trials: int):
    pool = [effect(i, m, s) for i in range(trials) for m, s in (("MD", 1.0), ("SMD", 0.4))]
    margins = {"MD": 1.0, "SMD": 0.2, "ROM": None}
    return evaluate(pool, LINE, grid("REML", "DL", "HS"), margins, MODELS)


def drawn(m, tmp_path):
    store.write_table(tmp_path / "points.csv", specifications(m, 1000))
    points = store.read_table(tmp_path / "points.csv")
    return specification_curve(CLAIM, LINE, summarise(m), points, curve(m))


@pytest.fixture(scope="module")
def multiverse():
    return evaluated(9)


def test_legible_with_and_without_a_feasible_specification(multiverse, tmp_path):
    assert_legible(drawn(multiverse, tmp_path))
    assert_legible(drawn(evaluated(2), tmp_path))
    assert_legible(drawn(evaluated(0), tmp_path))


def test_text_of_data_is_drawn_as_it_stands(multiverse, tmp_path):
    assert CLAIM["statement"][:-1] in words(drawn(multiverse, tmp_path))


def test_numbers_told_are_those_of_the_summary(multiverse, tmp_path):
    said, shown = summarise(multiverse), drawn(multiverse, tmp_path)
    assert f"{said['n_specifications']} specifications, {said['n_feasible']} of" in words(shown)
    assert f"{100 * said['share_agrees']:.0f}% of the feasible agree" in words(shown)
    assert texts(shown).count("none feasible") == 2  # ROM, nobody
    assert "Log ratio of means" not in words(shown)


def test_nothing_feasible_is_told_with_the_reasons(tmp_path):
    m = evaluated(2)
    said, shown = summarise(m), drawn(m, tmp_path)
    assert said["n_feasible"] == 0
    for count in said["infeasible"].values():
        assert str(count) in texts(shown)
    assert "Indefensible." in texts(shown)


def test_the_diamond_is_the_main_analysis_at_its_place(multiverse, tmp_path):
    figure = drawn(multiverse, tmp_path)
    ax = next(a for a in figure.axes if a.get_label() == "curve-MD")
    diamond = ax.collections[-1].get_offsets()[0]
    assert diamond[1] == pytest.approx(summarise(multiverse)["primary"]["estimate"])
    points = specifications(multiverse, None)
    below = points[(points["measure"] == "MD") & (points["estimate"] < diamond[1] - 1e-9)]
    feasible = ((points["measure"] == "MD") & (points["status"] == "ok")).sum()
    assert below["specification"].count() / feasible <= diamond[0]


def test_bins_are_shares_of_all_specifications(multiverse):
    bins, points = curve(multiverse), specifications(multiverse, None)
    ok = points[points["status"] == "ok"]
    assert bins.groupby("measure").size().to_dict() == {"MD": BINS, "SMD": BINS}
    for measure, part in bins.groupby("measure"):
        assert part["estimate"].is_monotonic_increasing
        mine = ok[ok["measure"] == measure]
        assert part["agrees"].mean() == pytest.approx(mine["agrees"].mean(), abs=0.01)
        for estimator in ("REML", "DL", "HS"):
            share = (mine["estimator"] == estimator).mean()
            assert part[f"estimator={estimator}"].mean() == pytest.approx(share, abs=0.01)
        options = [c for c in part if c.startswith("population=")]
        assert part[options].sum(axis=1).to_numpy() == pytest.approx(1.0)


def test_table_has_a_row_an_option(multiverse):
    table = options_table(summarise(multiverse)).set_index(["choice", "option"])
    assert len(table) == sum(len(c.options) for c in multiverse.grid.choices)
    assert table.loc[("population", "nobody"), "n_feasible"] == 0
    assert table.loc[("estimator", "DL"), "share_agrees"] > 0


def test_same_bytes_each_time(multiverse, tmp_path):
    one = save_figure(drawn(multiverse, tmp_path), tmp_path / "one")
    two = save_figure(drawn(multiverse, tmp_path), tmp_path / "two")
    assert [a.read_bytes() for a in one] == [b.read_bytes() for b in two]
