"""The figure of liver fat against weight, its tables, and labels that do not overlap."""

import numpy as np
import pytest
from figure_checks import assert_legible, marks, words
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from liverfit.plots.labels import place_labels
from liverfit.plots.style import house_style
from liverfit.plots.weight_independence import weight_independence, weight_table
from liverfit.plots.weight_lines import lines_table

FIT = {
    "mean_weight": -2.0, "mean_liver_fat": -1.0, "psi": [[0.2, 0.1], [0.1, 2.0]],
    "vcov": [[0.05, 0.0], [0.0, 0.3]],
}  # fmt: skip
CURVE = [
    {"value": v, "estimate": -1 - 0.1 * v, "ci_lower": -2.0, "ci_upper": 0.2} for v in (-6, -3, 0)
]
MARGINS = [
    {"margin_percent": m, "k": 3, "status": "ok", "reason": "", "estimate": -2.0, "ci_lower": -3.0,
     "ci_upper": -1.0, "weight_estimate": -0.8, "weight_ci_lower": -2.0, "weight_ci_upper": 0.4,
     "tost_pvalue": p, "weight_trials": 2}
    for m, p in ((1.0, 0.45), (3.0, 0.0123))
]  # fmt: skip


def pair(i, measure, weight=-1.0, label=None, arms=1):
    contrasts = [
        {"effect_id": f"t{i}:a{j}-vs-c:liver_fat:{measure}", "label": label or f"Trial {i}",
         "arm_label": f"arm {j}", "modality": ("aerobic", "resistance")[i % 2],
         "yi": -1.0 - 0.1 * i - 0.05 * j, "vi": 0.05 + 0.02 * i, "weight_vi": 1.0,
         "weight": None if weight is None else weight - 0.4 * i, "imputed": i % 2 == 0}
        for j in range(arms)
    ]  # fmt: skip
    return {"trial_id": f"t{i}", "contrasts": contrasts}


def line(name, role, measure, model="random_effects", status="ok", verdict="supported", **extra):
    numbers = {"estimate": -1.5, "ci_lower": -2.5, "ci_upper": -0.5}
    return {
        "name": name, "role": role, "measure": measure, "specified_model": model, "status": status,
        "status_reason": "" if status == "ok" else "2 usable trials, 3 are needed",
        "unit": "percentage points" if measure == "MD" else "SD",
        "verdict": verdict if status == "ok" else "untestable", "k": 4, "extra": extra,
        **(numbers if status == "ok" else dict.fromkeys(numbers)),
    }  # fmt: skip


def claim(primary="too_few", k=5, label=None):
    md = [pair(i, "MD") for i in range(2)] + [pair(8, "MD", weight=None)]
    smd = [pair(i, "SMD", label=label, arms=1 + (i == 0)) for i in range(k)]
    own = {"fit": FIT} if primary == "ok" else {}
    lines = [
        line("bivariate", "primary", "MD", "bivariate", status=primary, pairs=md, **own),
        line("stable_stratum", "primary", "MD"),
        line("latent_regression", "secondary", "SMD", "latent_regression", "ok", "inconclusive",
             pairs=smd, naive={"estimate": -1.0, "slope": 0.1}, curve=CURVE),
        line("bivariate_standardised", "sensitivity", "SMD", "bivariate", pairs=smd, fit=FIT),
        line("margin_sweep", "sensitivity", "MD", "margin_sweep", margins=MARGINS),
    ]  # fmt: skip
    return {
        "verdict": "supported",
        "combine": "testable",
        "lines": lines,
        "agreement": {"told": "1 of its 2 fitted lines are supported by their own rule."},
    }


def test_every_contrast_with_both_effects_is_in_the_table_and_drawn():
    table = weight_table(claim())
    assert len(table) == 2 + 6
    assert table.loc[table["drawn"], "measure"].unique().tolist() == ["SMD"]
    both = table[table["measure"] == "SMD"]
    assert set(both["lines"]) == {"latent_regression;bivariate_standardised"}
    fig = weight_independence(claim())
    drawn = {a.get_gid().removeprefix("bubble-") for a in marks(fig, "bubble-")}
    assert drawn == set(both["effect_id"])


def test_area_follows_precision_and_colour_the_modality():
    fig = weight_independence(claim())
    found = {a.get_gid(): a for a in marks(fig, "bubble-")}
    first, last = (found[f"bubble-t{i}:a0-vs-c:liver_fat:SMD"] for i in (0, 4))
    assert first.get_sizes()[0] == pytest.approx(260)
    assert last.get_sizes()[0] == pytest.approx(260 * 0.05 / 0.13)
    other = found["bubble-t1:a0-vs-c:liver_fat:SMD"]
    assert not np.allclose(first.get_facecolor(), other.get_facecolor())


def test_the_primary_bivariate_line_gives_the_region_where_it_was_fitted():
    fig = weight_independence(claim(primary="ok"))
    assert set(weight_table(claim(primary="ok")).query("drawn")["measure"]) == {"MD"}
    assert [m.get_gid() for m in marks(fig, "at-zero-")] == ["at-zero-bivariate"]
    assert "was not fitted" not in words(fig)


def test_without_the_primary_bivariate_line_the_figure_says_why_and_what_is_drawn_instead():
    fig = weight_independence(claim())
    assert (
        "2 usable trials, 3 are needed; the region is that of the line bivariate standardised"
        in (words(fig))
    )
    (region,) = marks(fig, "prediction-region")
    assert region.get_center() == pytest.approx((-2.0, -1.0))
    whole = np.array(FIT["psi"]) + np.array(FIT["vcov"])
    # The area of an ellipse of a normal distribution: pi chi2 sqrt(det).
    area = np.pi * region.width * region.height / 4
    assert area == pytest.approx(np.pi * 5.991 * np.sqrt(np.linalg.det(whole)))


def test_no_region_is_told_too():
    made = claim()
    made["lines"] = [x for x in made["lines"] if x["name"] != "bivariate_standardised"]
    fig = weight_independence(made)
    assert not marks(fig, "prediction-region")
    assert "no region is drawn" in words(fig)


def test_the_intercept_and_the_band_of_the_regression():
    fig = weight_independence(claim())
    (band,) = marks(fig, "regression-band")
    corners = band.get_paths()[0].vertices
    assert corners[:, 1].min() == pytest.approx(-2.0)
    assert {m.get_gid() for m in marks(fig, "at-zero-")} == {
        "at-zero-latent_regression", "at-zero-bivariate_standardised"}  # fmt: skip
    for mark in marks(fig, "at-zero-"):
        assert abs(mark.get_xdata()[0]) < 0.15  # beside each other, at zero
        assert mark.get_ydata()[0] == -1.5


def test_lines_that_carry_the_verdict_and_margins_with_their_test():
    table = lines_table(claim())
    assert table.loc[table["carries_verdict"], "line"].tolist() == ["stable_stratum"]
    assert table["part"].drop_duplicates().tolist() == ["battery", "margins", "other_choices"]
    margins = table[table["margin_percent"].notna()]
    assert margins["tost_pvalue"].tolist() == [0.45, 0.0123]
    told = words(weight_independence(claim()))
    assert "supported; carries the verdict" in told
    assert "−0.8 %, p = 0.45 (2 trials)" in told
    assert "p = 0.012" in told
    assert "untestable; primary" in told


@pytest.mark.parametrize("label", [None, "Kirk (to confirm) & " + "long name " * 4, "$x_1$ <b>"])
def test_no_text_overlaps(label):
    assert_legible(weight_independence(claim(label=label)))
    assert_legible(weight_independence(claim(primary="ok", label=label)))


def test_no_contrast_with_both_is_said():
    made = claim()
    for x in made["lines"]:
        x["extra"].pop("pairs", None)
    assert weight_table(made).empty
    assert "No contrast prints numbers" in words(weight_independence(made))


@pytest.mark.parametrize("seed", range(4))
def test_crowded_labels_stay_apart_and_inside(seed):
    rng = np.random.default_rng(seed)
    points = [tuple(p) for p in rng.uniform(0.25, 0.75, size=(14, 2))]
    with house_style():
        fig = Figure(figsize=(8, 4))
        FigureCanvasAgg(fig)
        ax = fig.add_axes((0, 0, 1, 1))
        ax.set_axis_off()
        place_labels(ax, points, [f"Author {i} 2012" for i in range(14)], radii=[4] * 14)
        assert len(marks(fig, "point-label")) == 14
        assert_legible(fig)
        # Places are shares of the axes: another resolution moves nothing.
        fig.set_dpi(200)
        assert_legible(fig)
