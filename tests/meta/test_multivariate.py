"""meta.multivariate: agreement with metafor, its laws, conditional effects, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liverfit import meta

SETS = json.loads((Path(__file__).parents[1] / "reference" / "meta_multivariate.json").read_text())[
    "sets"
]
CASES = [
    pytest.param(
        name, i, id="-".join((name, f["method"], f["structure"], "mods" if f["mod"] else "plain"))
    )
    for name, entry in SETS.items()
    for i, f in enumerate(entry["fits"])
]


def fitted(name: str, structure: str, method: str = "REML", mod: bool = False):
    d = SETS[name]["data"]
    mods = np.array(d["mod"]) if mod else None
    V = np.array(d["V"])
    return meta.multivariate(d["yi"], V, d["outcome"], d["trial"], structure, mods, method)


@pytest.mark.parametrize(("name", "i"), CASES)
def test_agrees_with_metafor(name: str, i: int) -> None:
    expected = SETS[name]["fits"][i]
    m = fitted(name, expected["structure"], expected["method"], expected["mod"])
    gain = m.loglik - expected["loglik"]
    assert -1e-9 < gain < 1e-6
    # Where metafor's optimiser stopped below our likelihood its estimates are that much coarser.
    close = 1e-5 if gain < 1e-10 else 2e-4
    size = max(np.ravel(expected["tau2"]))
    assert m.tau2 == pytest.approx(np.broadcast_to(expected["tau2"], len(m.outcomes)), rel=close,
                                   abs=1e-5 * size + 1e-8)  # fmt: skip
    assert m.coef == pytest.approx(expected["coef"], abs=close * max(expected["se"]))
    assert m.se == pytest.approx(expected["se"], rel=close)
    if expected["structure"] != "DIAG":
        assert m.rho == pytest.approx(expected["rho"], abs=close)
    assert m.q == pytest.approx(expected["q"], rel=1e-9)
    assert m.q_pvalue == pytest.approx(expected["q_pvalue"], rel=1e-7)
    r = m.robust()
    assert r.se == pytest.approx(expected["CR2"]["se"], rel=close)
    assert r.df == pytest.approx(expected["CR2"]["df"], rel=close)


def test_berkey_1998_as_published() -> None:
    """Berkey et al. (1998), table II: ML estimates with year of publication (centred)."""
    m = fitted("berkey1998", "UN", "ML", True)
    frame = m.summary_frame()
    assert frame.loc["PD", "coef"] == pytest.approx(0.348, abs=5e-4)
    assert frame.loc["PD", "se"] == pytest.approx(0.052, abs=5e-4)
    assert frame.loc["AL", "coef"] == pytest.approx(-0.335, abs=5e-4)
    assert frame.loc["AL", "se"] == pytest.approx(0.079, abs=5e-4)
    assert m.psi == pytest.approx(np.array([[0.025, 0.009], [0.009, 0.008]]), abs=6e-4)


# ---- laws ---------------------------------------------------------------------------------------


@st.composite
def bivariate(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(6, 12))
    tau = draw(st.sampled_from([0.2, 1.0])) * np.array([1.0, 0.6])
    rho = draw(st.sampled_from([-0.5, 0.0, 0.7]))
    psi = np.outer(tau, tau) * np.array([[1, rho], [rho, 1]])
    v = rng.uniform(0.02, 0.2, (n, 2))
    V = np.zeros((2 * n, 2 * n))
    y = np.zeros(2 * n)
    for t in range(n):
        S = np.diag(v[t]) + 0.4 * np.sqrt(v[t].prod()) * (1 - np.eye(2))
        V[2 * t : 2 * t + 2, 2 * t : 2 * t + 2] = S
        y[2 * t : 2 * t + 2] = rng.multivariate_normal([0.3, -0.2], psi + S)
    return y, V, np.tile(["a", "b"], n), np.repeat(np.arange(n), 2)


@given(bivariate(), st.sampled_from(["UN", "CS", "DIAG"]), st.randoms(use_true_random=False))
@settings(max_examples=12)
def test_order_and_labels_do_not_matter(data, structure, random) -> None:
    y, V, outcome, trial = data
    order = np.array(random.sample(range(len(y)), len(y)))
    a = meta.multivariate(y, V, outcome, trial, structure)
    renamed = np.where(outcome == "a", "z", "y")[order]
    b = meta.multivariate(y[order], V[np.ix_(order, order)], renamed, -trial[order], structure)
    assert b.outcomes == ("y", "z")
    assert b.coef[::-1] == pytest.approx(a.coef, rel=1e-5, abs=1e-6)
    assert b.psi[::-1, ::-1] == pytest.approx(a.psi, rel=1e-4, abs=1e-6)
    assert b.loglik == pytest.approx(a.loglik, abs=1e-7)


@given(bivariate(), st.sampled_from([-3.0, 0.02]), st.floats(-4, 4))
@settings(max_examples=12)
def test_shift_and_scale(data, factor: float, shift: float) -> None:
    y, V, outcome, trial = data
    a = meta.multivariate(y, V, outcome, trial)
    b = meta.multivariate(factor * y + shift, factor**2 * V, outcome, trial)
    assert b.coef == pytest.approx(factor * a.coef + shift, rel=1e-4, abs=1e-5 * abs(factor))
    assert b.psi == pytest.approx(factor**2 * a.psi, rel=1e-3, abs=1e-5 * factor**2)


@given(bivariate())
@settings(max_examples=12)
def test_two_outcomes_make_hcs_unstructured(data) -> None:
    y, V, outcome, trial = data
    a, b = (meta.multivariate(y, V, outcome, trial, s) for s in ("UN", "HCS"))
    assert b.psi == pytest.approx(a.psi, rel=1e-9)


@given(bivariate())
@settings(max_examples=12)
def test_diagonal_model_is_separate_univariate_models(data) -> None:
    y, V, outcome, trial = data
    v = np.diag(V)
    m = meta.multivariate(y, v, outcome, trial, "DIAG")
    for i, o in enumerate("ab"):
        r = meta.random_effects(y[outcome == o], v[outcome == o], test="z")
        assert m.coef[i] == pytest.approx(float(np.ravel(r.coef)[0]), rel=1e-5, abs=1e-6)
        assert m.tau2[i] == pytest.approx(float(np.ravel(r.tau2)[0]), rel=1e-4, abs=1e-7)


@given(bivariate())
@settings(max_examples=8)
def test_structures_are_nested_in_likelihood(data) -> None:
    y, V, outcome, trial = data
    ll = {s: meta.multivariate(y, V, outcome, trial, s).loglik for s in ("UN", "CS", "DIAG")}
    assert ll["UN"] >= ll["CS"] - 1e-7
    assert ll["UN"] >= ll["DIAG"] - 1e-7


def test_one_outcome_is_the_univariate_model() -> None:
    d = SETS["riley2003"]["data"]
    keep = np.array(d["outcome"]) == "OS"
    y, v = np.array(d["yi"])[keep], np.diag(np.array(d["V"]))[keep]
    for structure in ("UN", "CS", "DIAG"):
        m = meta.multivariate(y, v, ["OS"] * len(y), np.arange(len(y)), structure)
        r = meta.random_effects(y, v, test="z")
        assert m.tau2[0] == pytest.approx(float(np.ravel(r.tau2)[0]), rel=1e-6)
        assert m.coef[0] == pytest.approx(float(np.ravel(r.coef)[0]), rel=1e-7)
        assert m.rho.size == 0


# ---- conditional effects ------------------------------------------------------------------------


def test_conditional_effect_by_hand() -> None:
    m = fitted("berkey1998", "UN")
    c = m.conditional("AL", "PD", at=0.1)
    slope = m.psi[0, 1] / m.psi[1, 1]
    assert c.slope == pytest.approx(slope)
    assert c.estimate == pytest.approx(m.coef[0] + slope * (0.1 - m.coef[1]))
    assert c.residual_tau2 == pytest.approx(m.psi[0, 0] - slope * m.psi[0, 1])
    w = np.array([1.0, -slope])
    fixed = w @ m.vcov @ w
    assert c.se**2 == pytest.approx(fixed + (0.1 - m.coef[1]) ** 2 * c.slope_se**2)
    assert c.covariance_uncertainty


def test_conditional_at_the_mean_is_the_marginal_effect() -> None:
    m = fitted("ishak2007", "HCS")
    c = m.conditional("t2", "t1", at=m.coef[0])
    assert c.estimate == pytest.approx(m.coef[1])


@pytest.mark.parametrize("structure", ["UN", "HCS", "CS"])
def test_slope_standard_error_by_profile_likelihood(structure: str) -> None:
    """The curvature of the likelihood profiled over all else, by finite differences in Psi."""
    rng = np.random.default_rng(8)
    n, psi = 150, np.array([[1.0, 0.5], [0.5, 0.8]])
    y = rng.multivariate_normal([0.2, 0.4], psi, n) + rng.normal(0, 0.3, (n, 2))
    m = meta.multivariate(y.ravel(), np.full(2 * n, 0.09), np.tile(["a", "b"], n),
                          np.repeat(np.arange(n), 2), structure)  # fmt: skip
    c = m.conditional("a", "b")
    # With V so small the slope is nearly an ordinary regression slope, corrected for noise in x.
    x, z = y[:, 1] - y[:, 1].mean(), y[:, 0] - y[:, 0].mean()
    reliability = 1 - 0.09 / x.var()
    b = (x @ z) / (x @ x)
    rough = np.sqrt(((z - b * x) ** 2).mean() / (x @ x)) / reliability
    assert c.slope_se == pytest.approx(rough, rel=0.35 if structure == "CS" else 0.15)


def test_conditional_under_diag_has_slope_zero() -> None:
    m = fitted("berkey1998", "DIAG")
    c = m.conditional("AL", "PD")
    assert c.slope == 0
    assert (c.estimate, c.se) == pytest.approx((m.coef[0], m.se[0]))
    assert not c.covariance_uncertainty


def test_conditional_on_the_boundary_says_so() -> None:
    c = fitted("riley2003", "UN").conditional("OS", "DFS")
    assert not c.covariance_uncertainty
    assert np.isnan(c.slope_se)
    assert np.isfinite(c.se)
    assert c.residual_tau2 == pytest.approx(0.0, abs=1e-4)
    assert list(c.summary_frame()["estimate"]) == [c.estimate]


def test_conditional_refusals() -> None:
    m = fitted("berkey1998", "UN")
    with pytest.raises(ValueError, match="unknown outcome 'XX'"):
        m.conditional("XX", "PD")
    with pytest.raises(ValueError, match="same outcome"):
        m.conditional("PD", "PD")
    flat = meta.multivariate([1, 2, 1, 5, 1, 9.0], [0.1] * 6, ["a", "b"] * 3, [1, 1, 2, 2, 3, 3],
                             "DIAG")  # fmt: skip
    with pytest.raises(ValueError, match="estimated as zero"):
        flat.conditional("b", "a")


# ---- refusals -----------------------------------------------------------------------------------

BASE = {"yi": [0.1, 0.2, 0.5, 0.3, 0.2, 0.9], "V": [0.1] * 6, "outcome": ["a", "b"] * 3}
BASE["trial"] = [1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"yi": [0.1, 0.2, 0.5, np.nan, 0.2, 0.9]}, r"yi\[3\]"),
        ({"V": [0.1, 0.1, 0.1, 0.0, 0.1, 0.1]}, r"V\[3\]"),
        ({"V": np.ones((6, 6))}, "positive definite"),
        ({"structure": "AR"}, "structure"),
        ({"outcome": ["a", "b", None, "b", "a", "b"]}, r"outcome\[2\]"),
        ({"trial": [1, 2, 3, 4, 5, 6]}, "'a' and 'b'"),
        ({"mods": np.ones(6)}, "linear combination"),
        ({"mods": pd.DataFrame({"dose": [1, 2, 3, np.nan, 5, 6]})}, "dose"),
    ],
)
def test_refuses(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        meta.multivariate(**(BASE | change))


def test_a_failed_search_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    from liverfit.meta import _unstructured

    monkeypatch.setattr(_unstructured, "_polish", lambda *a: None)
    with pytest.raises(meta.ConvergenceError, match="multivariate"):
        fitted("berkey1998", "UN")
