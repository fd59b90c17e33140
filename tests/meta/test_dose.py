"""meta.dose_response: agreement with metafor and with printed equations, laws, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import fsolve

from liverfit import meta
from liverfit.meta._doses import greenland_longnecker, spline_basis

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "meta_dose.json").read_text())
DATA = {name: np.array(column) for name, column in REFERENCE["data"].items()}


def fitted(**options) -> meta.dose_response:
    columns = DATA["study"], DATA["dose"], options.pop("mean", DATA["mean"])
    return meta.dose_response(*columns, sd=DATA["sd"], n=DATA["n"], **options)


@pytest.mark.parametrize(
    "expected",
    REFERENCE["fits"],
    ids=lambda f: "-".join((f["shape"], f["method"], f["approach"])),
)
def test_agrees_with_metafor(expected: dict) -> None:
    m = fitted(**{key: expected[key] for key in ("shape", "method", "approach")})
    assert m.coef == pytest.approx(expected["coef"], rel=1e-6)
    assert m.se == pytest.approx(expected["se"], rel=1e-6)
    assert m.psi == pytest.approx(np.array(expected["psi"]), rel=1e-5)
    assert m.q == pytest.approx(expected["q"], rel=1e-9)
    if m.knots is not None:
        assert m.knots == pytest.approx(REFERENCE["knots"])


@pytest.mark.parametrize("shape", ["linear", "rcs"])
@pytest.mark.parametrize("method", ["REML", "ML"])
def test_two_stages_equal_one_stage_when_every_study_has_its_own_curve(shape, method) -> None:
    """Crippa et al. (2019): the estimates coincide; the likelihoods are of different data."""
    two, one = (fitted(shape=shape, method=method, approach=a) for a in ("two-stage", "one-stage"))
    assert one.coef == pytest.approx(two.coef, rel=1e-6)
    assert one.vcov == pytest.approx(two.vcov, rel=1e-5)
    assert one.psi == pytest.approx(two.psi, rel=1e-4)


# Alcohol and breast cancer (Rohan & McMichael 1988), the example of Greenland & Longnecker (1992),
# as in the data set cc_ex of dosresmeta: adjusted odds ratios, intervals, cases, subjects.
STUDY = {
    "study": ["a"] * 4,
    "dose": [0, 2, 6, 11],
    "yi": np.log([1.0, 0.80, 1.16, 1.57]),
    "se": [np.nan, *np.log(np.array([1.27, 1.85, 2.51]) / [0.51, 0.73, 0.99]) / (2 * 1.959964)],
    "cases": [165, 74, 90, 122],
    "n": [337, 167, 186, 212],
}


def covariance_of_counts(design: str) -> np.ndarray:
    """Greenland & Longnecker (1992), equations 2 to 4, by a general root finder.

    Cell counts that have the margins of the data and the adjusted effects give the correlations;
    the variances are the printed ones.
    """
    y, v = STUDY["yi"][1:], np.square(STUDY["se"][1:])
    cases, n = np.array(STUDY["cases"], float), np.array(STUDY["n"], float)

    def effect(a: np.ndarray) -> np.ndarray:
        level = {"cc": np.log(a / (n - a)), "ci": np.log(a / n), "ir": np.log(a / n)}[design]
        return level[1:] - level[0]

    def counts(rest: np.ndarray) -> np.ndarray:
        return np.append(cases.sum() - rest.sum(), rest)

    a = counts(fsolve(lambda rest: effect(counts(rest)) - y, cases[1:], xtol=1e-13))
    assert effect(a) == pytest.approx(y, abs=1e-9)
    own = {"cc": 1 / a + 1 / (n - a), "ci": 1 / a - 1 / n, "ir": 1 / a}[design]
    crude = np.diag(own[1:]) + own[0]
    scale = np.sqrt(v / np.diagonal(crude))
    return crude * np.outer(scale, scale)


@pytest.mark.parametrize("design", ["cc", "ci", "ir", "independent"])
def test_greenland_longnecker_slope(design: str) -> None:
    """The slope by generalised least squares, with the covariance from the printed equations."""
    v = np.square(STUDY["se"][1:])
    V = np.diag(v) if design == "independent" else covariance_of_counts(design)
    x, y = np.array(STUDY["dose"][1:], float), STUDY["yi"][1:]
    weight = np.linalg.solve(V, x)
    fit = meta.dose_response(**STUDY, covariance=design, method="common")
    assert fit.coef[0] == pytest.approx(weight @ y / (weight @ x), rel=1e-7)
    assert fit.se[0] ** 2 == pytest.approx(1 / (weight @ x), rel=1e-7)


@pytest.mark.parametrize("design", ["cc", "ci", "ir"])
def test_fitted_counts_give_the_crude_covariance(design: str) -> None:
    """Unadjusted effects: the covariance must be the textbook one of the observed counts."""
    cases, n = np.array([40.0, 25.0, 60.0]), np.array([400.0, 180.0, 300.0])
    rest = n - cases
    if design == "cc":
        effect, own = np.log(cases / rest), 1 / cases + 1 / rest
    elif design == "ci":
        effect, own = np.log(cases / n), 1 / cases - 1 / n
    else:
        effect, own = np.log(cases / n), 1 / cases
    expected = np.diag(own[1:]) + own[0]
    V = greenland_longnecker(effect[1:] - effect[0], np.diag(expected), cases, n, design)
    gap = np.abs(V - expected)
    assert gap.max() < 1e-9 * expected.max()


# ---- laws ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("approach", ["two-stage", "one-stage"])
def test_unit_of_dose_scales_the_slope(approach: str) -> None:
    a = fitted(approach=approach)
    b = meta.dose_response(DATA["study"], DATA["dose"] / 60, DATA["mean"], sd=DATA["sd"],
                           n=DATA["n"], approach=approach)  # fmt: skip
    assert b.coef == pytest.approx(60 * a.coef, rel=1e-7)
    assert b.psi == pytest.approx(3600 * a.psi, rel=1e-5)
    assert b.loglik == pytest.approx(
        a.loglik - (np.log(60) * (11 if approach == "two-stage" else 0)), abs=1e-6
    )


@pytest.mark.parametrize("approach", ["two-stage", "one-stage"])
def test_reference_group_does_not_matter_for_mean_differences(approach: str) -> None:
    highest = np.zeros(len(DATA["dose"]), dtype=bool)
    for s in np.unique(DATA["study"]):
        rows = np.flatnonzero(DATA["study"] == s)
        highest[rows[DATA["dose"][rows].argmax()]] = True
    a, b = fitted(approach=approach), fitted(approach=approach, reference=highest)
    assert b.coef == pytest.approx(a.coef, rel=1e-7)
    assert b.se == pytest.approx(a.se, rel=1e-6)


def test_shift_of_all_means_and_order_of_rows_do_not_matter() -> None:
    a = fitted(shape="rcs")
    b = fitted(shape="rcs", mean=DATA["mean"] + 5.0)
    order = np.random.default_rng(1).permutation(len(DATA["dose"]))
    d = {name: column[order] for name, column in DATA.items()}
    c = meta.dose_response(d["study"], d["dose"], d["mean"], sd=d["sd"], n=d["n"], shape="rcs")
    for other in (b, c):
        assert other.coef == pytest.approx(a.coef, rel=1e-7)
        assert other.psi == pytest.approx(a.psi, rel=1e-4)


def test_spline_equals_line_on_exactly_linear_data() -> None:
    exact = 30.0 - 0.02 * DATA["dose"]
    line, curve = (fitted(mean=exact, shape=s, approach="one-stage") for s in ("linear", "rcs"))
    assert line.coef == pytest.approx([-0.02])
    assert curve.coef == pytest.approx([-0.02, 0.0], abs=1e-9)
    doses = [0, 75, 150, 300]
    assert curve.predict(doses)["estimate"].to_numpy() == pytest.approx(
        line.predict(doses)["estimate"].to_numpy()
    )


def test_single_contrast_studies_are_a_regression_through_the_origin() -> None:
    """One dose a study: with a common effect, weighted least squares without intercept."""
    rng = np.random.default_rng(4)
    dose, y, v = rng.uniform(1, 9, 8), rng.normal(0, 1, 8), rng.uniform(0.05, 0.3, 8)
    study = np.repeat(np.arange(8), 2)
    doses, effects = np.zeros(16), np.zeros(16)
    doses[1::2], effects[1::2] = dose, y
    V = [[[value]] for value in v]
    m = meta.dose_response(study, doses, effects, covariance=V, method="common",
                           reference=np.tile([True, False], 8))  # fmt: skip
    r = meta.random_effects(y, v, dose, method="EE", test="z", intercept=False)
    assert m.coef == pytest.approx(np.ravel(r.coef))
    assert m.se == pytest.approx(np.ravel(r.se))
    one = meta.dose_response(study, doses, effects, covariance=V, method="common",
                             approach="one-stage", reference=np.tile([True, False], 8))  # fmt: skip
    assert one.coef == pytest.approx(m.coef)


def test_spline_is_linear_beyond_the_last_knots_and_smooth() -> None:
    knots = np.array([10.0, 20.0, 40.0, 70.0])
    x = np.array([0.0, 5.0, 10.0, 80.0, 100.0, 120.0])
    basis = spline_basis(x, knots)
    assert basis.shape == (6, 3)
    assert (basis[:3, 1:] == 0).all()
    assert np.diff(basis[3:], 2, axis=0) == pytest.approx(np.zeros((1, 3)), abs=1e-8)


def test_predictions_are_relative_to_the_reference_dose() -> None:
    m = fitted(shape="rcs")
    frame = m.predict([0, 120, 240], reference=120)
    assert frame.loc[120].tolist() == [0.0, 0.0, 0.0, 0.0]
    far = m.predict([240, 120])["estimate"]
    assert frame.loc[240, "estimate"] == pytest.approx(far.loc[240] - far.loc[120])
    assert list(m.summary_frame().index) == ["dose", "spline 1"]
    assert m.nonlinearity_pvalue == pytest.approx(m.pvalue[1])


def test_one_stage_takes_studies_that_two_stages_refuse() -> None:
    rows = DATA["study"] > 0
    first = np.flatnonzero(DATA["study"] == 1)
    rows[first[2:]] = False
    d = {name: column[rows] for name, column in DATA.items()}
    arguments = d["study"], d["dose"], d["mean"]
    options = {"sd": d["sd"], "n": d["n"], "shape": "rcs"}
    with pytest.raises(ValueError, match="study 1 has too few distinct doses"):
        meta.dose_response(*arguments, **options)
    m = meta.dose_response(*arguments, **options, approach="one-stage")
    assert np.isfinite(m.se).all()
    assert m.k == len(d["dose"]) - 12


# ---- refusals -----------------------------------------------------------------------------------

BASE = {
    "study": [1, 1, 2, 2],
    "dose": [0, 1, 0, 2],
    "yi": [0.0, 0.5, 0.0, 0.7],
    "sd": [1.0, 1.0, 1.0, 1.0],
    "n": [10, 10, 10, 10],
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dose": [0, np.nan, 0, 2]}, r"dose\[1\]"),
        ({"yi": [0, 0.5, 0]}, "3 values for 4 doses"),
        ({"sd": [1, 1, 0, 1]}, r"sd\[2\]"),
        ({"n": None}, "'md' needs n"),
        ({"study": [1, 1, 2, 3]}, "study 2 has a single group"),
        ({"dose": [0, 0, 0, 2]}, "study 1 has 2 reference rows"),
        ({"reference": [True, False, False, False]}, "study 2 has 0 reference rows"),
        ({"reference": [True]}, "reference must have shape"),
        ({"covariance": "cc", "se": [0, 1, 0, 1]}, "'cc' needs cases"),
        ({"covariance": "independent", "se": [0, 1]}, "se must have shape"),
        ({"covariance": [[[1.0]], [[1.0, 0.0]]]}, r"study 2.*\(1, 1\)"),
        ({"covariance": [[[1.0]], [[-1.0]]]}, "study 2.*positive definite"),
        ({"shape": "quadratic"}, "shape"),
        ({"shape": "rcs", "knots": [1, 1, 2]}, "increasing"),
        ({"approach": "three-stage"}, "approach"),
        ({"shape": "rcs", "knots": [5, 6, 7], "approach": "one-stage"}, "do not determine"),
    ],
)
def test_refuses(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        meta.dose_response(**(BASE | change))
