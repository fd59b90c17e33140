"""meta.multilevel: agreement with metafor, its laws, and what it refuses."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liverfit import meta
from liverfit.meta._gaussian import BlockModel
from liverfit.meta._nested import NestedModel
from liverfit.meta._reml import _newton
from liverfit.meta.multilevel import _codes, _model, _nested_codes

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "meta_multilevel.json").read_text()
)
SETS = REFERENCE["sets"]
CASES = [
    pytest.param(name, i, id="-".join((name, f["method"], f["covariance"], f["random"], f["test"])))
    for name, entry in SETS.items()
    for i, f in enumerate(entry["fits"])
]


def inputs(name: str, expected: dict) -> tuple[np.ndarray, np.ndarray, list, pd.DataFrame | None]:
    data = pd.DataFrame(SETS[name]["data"])
    y, V = data["yi"].to_numpy(), data["vi"].to_numpy()
    outer = data["outer"].to_numpy()
    if expected["covariance"] == "correlated":
        V = (outer[:, None] == outer[None, :]) * 0.6 * np.sqrt(np.outer(V, V))
        np.fill_diagonal(V, data["vi"])
    groups = [outer, data["inner"].to_numpy()][: 2 if expected["random"] == "nested" else 1]
    return y, V, groups, data[expected["mods"]] if expected["mods"] else None


@pytest.mark.parametrize(("name", "i"), CASES)
def test_agrees_with_metafor(name: str, i: int) -> None:
    expected = SETS[name]["fits"][i]
    y, V, groups, mods = inputs(name, expected)
    m = meta.multilevel(y, V, groups, mods, method=expected["method"], test=expected["test"])
    # metafor stops within its optimiser's tolerance, so ours may be higher but never lower.
    assert m.loglik >= expected["loglik"] - 1e-9
    assert m.loglik == pytest.approx(expected["loglik"], abs=1e-6)
    assert m.sigma2 == pytest.approx(expected["sigma2"], rel=1e-5, abs=1e-7)
    scale = float(np.max(np.abs(expected["coef"])))
    assert m.coef == pytest.approx(expected["coef"], rel=1e-5, abs=1e-6 * scale)
    assert m.se == pytest.approx(expected["se"], rel=1e-5)
    assert m.q == pytest.approx(expected["q"], rel=1e-9)
    assert m.q_pvalue == pytest.approx(expected["q_pvalue"], rel=1e-8, abs=1e-300)
    assert m.i2_levels == pytest.approx(expected["i2_levels"], rel=1e-5, abs=1e-5)
    assert m.i2 == pytest.approx(np.sum(expected["i2_levels"]), rel=1e-6)
    assert m.pvalue == pytest.approx(expected["pvalue"], rel=1e-4)
    assert m.ci[:, 0] == pytest.approx(expected["ci_lower"], rel=1e-5, abs=1e-5 * scale)
    assert m.ci[:, 1] == pytest.approx(expected["ci_upper"], rel=1e-5, abs=1e-5 * scale)
    at_one = m.predict(None if mods is None else np.ones(mods.shape[1])).iloc[0]
    assert at_one.to_numpy() == pytest.approx(expected["at_one"], rel=2e-5, abs=1e-5 * scale)
    if mods is None:
        pi = expected["at_one"][4:]
        assert m.prediction_interval == pytest.approx(pi, rel=1e-5, abs=1e-5 * scale)
    else:
        assert m.qm == pytest.approx(expected["qm"], rel=1e-4)
        assert m.qm_pvalue == pytest.approx(expected["qm_pvalue"], rel=1e-4)
        assert m.prediction_interval is None


def test_konstantopoulos_2011_as_published() -> None:
    """Table 5 of Konstantopoulos (2011), as reproduced on the metafor site: REML."""
    data = SETS["konstantopoulos2011"]["data"]
    m = meta.multilevel(data["yi"], data["vi"], [data["outer"], data["inner"]])
    assert m.coef[0] == pytest.approx(0.185, abs=5e-4)
    assert m.se[0] == pytest.approx(0.085, abs=5e-4)
    assert m.sigma2 == pytest.approx([0.065, 0.033], abs=5e-4)
    assert m.levels == (11, 56)
    assert list(m.summary_frame().columns)[:2] == ["coef", "se"]


# ---- laws ---------------------------------------------------------------------------------------


@st.composite
def nested_data(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Effects in 3 to 8 groups of 1 to 4, with true heterogeneity at both levels or none."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes = rng.integers(1, 5, draw(st.integers(3, 8)))
    sizes[0] = 2
    outer = np.repeat(np.arange(len(sizes)), sizes)
    v = rng.uniform(0.01, 0.2, len(outer)) * draw(st.sampled_from([1e-2, 1.0, 1e2]))
    s = draw(st.sampled_from([0.0, 0.3, 3.0])) * v.mean()
    y = rng.normal(0.3, 1.0, len(sizes))[outer] * s**0.5 + rng.normal(0, (v + s) ** 0.5)
    return y, v, outer


def both(y: np.ndarray, v: np.ndarray, outer: np.ndarray, **kw) -> meta.multilevel:
    return meta.multilevel(y, v, [outer, np.arange(len(y))], **kw)


@given(nested_data(), st.randoms(use_true_random=False))
@settings(max_examples=25)
def test_order_and_labels_do_not_matter(data, random) -> None:
    y, v, outer = data
    order = np.array(random.sample(range(len(y)), len(y)))
    a, b = both(y, v, outer), both(y[order], v[order], np.array(list("abcdefgh"))[outer[order]])
    scale = np.sqrt(v.mean())
    assert b.coef == pytest.approx(a.coef, rel=1e-8, abs=1e-8 * scale)
    assert b.sigma2 == pytest.approx(a.sigma2, rel=1e-5, abs=1e-7 * v.mean())
    assert b.q == pytest.approx(a.q, rel=1e-9)


@given(nested_data(), st.floats(-5, 5), st.sampled_from([-7.0, 0.01, 2.2]))
@settings(max_examples=25)
def test_shift_and_scale(data, shift: float, factor: float) -> None:
    y, v, outer = data
    a, b = both(y, v, outer), both(factor * y + shift, factor**2 * v, outer)
    unit = abs(factor) * np.sqrt(v.mean())
    assert b.coef == pytest.approx(factor * a.coef + shift, rel=1e-7, abs=1e-7 * unit)
    assert b.se == pytest.approx(abs(factor) * a.se, rel=1e-6)
    assert b.sigma2 == pytest.approx(factor**2 * a.sigma2, rel=1e-5, abs=1e-7 * unit**2)
    assert b.i2 == pytest.approx(a.i2, rel=1e-5, abs=1e-5)
    assert b.q == pytest.approx(a.q, rel=1e-7, abs=1e-7)


@given(nested_data())
@settings(max_examples=25)
def test_optimum_beats_neighbours_and_zero(data) -> None:
    y, v, outer = data
    m = both(y, v, outer)
    codes = _nested_codes([outer, np.arange(len(y))], len(y))
    model = NestedModel.build(y, np.ones((len(y), 1)), np.diag(v), codes[0], True, True)
    step = 0.02 * (m.sigma2 + 0.1 * v.mean())
    near = [m.sigma2 + np.array(d) * step for d in [(1, 0), (0, 1), (1, -1), (-1, 1), (-1, -1)]]
    others = np.maximum(np.array([*near, [0.0, 0.0]]), 0.0)
    for theta in others:
        assert model.evaluate(theta, True, order=0).loglik <= m.loglik + 1e-8


@given(nested_data(), st.booleans(), st.booleans())
@settings(max_examples=25)
def test_linear_time_model_equals_block_model(data, reml: bool, correlated: bool) -> None:
    y, v, outer = data
    k = len(y)
    X = np.column_stack([np.ones(k), np.arange(k) % 3])
    same = (outer[:, None] == outer[None, :]).astype(float)
    V = np.diag(v) + correlated * 0.5 * v.min() * same
    fast = NestedModel.build(y, X, V, outer, True, True)
    slow = BlockModel.build(y, X, V, [same, np.eye(k)], outer)
    theta = np.array([0.4, 0.9]) * v.mean()
    a, b = fast.evaluate(theta, reml), slow.evaluate(theta, reml)
    assert a.loglik == pytest.approx(b.loglik, rel=1e-10)
    assert a.beta == pytest.approx(b.beta, rel=1e-8, abs=1e-10)
    for name in ("score", "expected", "observed"):
        assert getattr(a, name) == pytest.approx(getattr(b, name), rel=1e-7, abs=1e-9 / v.mean())
    values = fast.grid_logliks(theta, reml)
    assert values[0, 1] == pytest.approx(a.loglik, rel=1e-10)
    assert values == pytest.approx(slow.grid_logliks(theta, reml), rel=1e-10)


@pytest.mark.parametrize("moderated", [False, True])
def test_no_start_finds_a_higher_maximum(moderated: bool) -> None:
    """Sampling variances over orders of magnitude: several maxima, some with a zero (hidden from a
    coarse grid in the last)."""
    for seed in (*range(15), 3324):
        rng = np.random.default_rng(seed)
        k, outer = 10, np.sort(np.r_[np.arange(3), rng.integers(0, 3, 7)])
        v = np.exp(rng.normal(-2, 2, k))
        y = rng.normal(0, 1, 4)[outer] * (seed % 2) + rng.normal(0, np.sqrt(v + 0.5 * (seed % 3)))
        X = np.column_stack([np.ones(k), rng.normal(size=k)])[:, : 1 + moderated]
        m = meta.multilevel(y, v, [outer, range(k)], X[:, 1:] if moderated else None)
        codes = _nested_codes([outer, np.arange(k)], k)
        model = _model(y, X, np.diag(v), codes, [0, 1])
        for start in product([0.0, 0.03, 0.3, 3.0], repeat=2):
            found = _newton(model, True, np.array(start), 1.0)
            assert found is None or found[1].loglik <= m.loglik + 1e-8


@pytest.mark.parametrize("reml", [True, False])
def test_derivatives_match_differences(reml: bool) -> None:
    rng = np.random.default_rng(5)
    outer = np.repeat(np.arange(6), 3)
    y, v = rng.normal(0, 1, 18), rng.uniform(0.1, 0.5, 18)
    same = (outer[:, None] == outer[None, :]).astype(float)
    X = np.column_stack([np.ones(18), rng.normal(size=18)])
    model = BlockModel.build(y, X, np.diag(v), [same, np.eye(18)], outer)
    theta, h = np.array([0.3, 0.4]), 1e-5
    now = model.evaluate(theta, reml)
    for q, e in enumerate(h * np.eye(2)):
        up, down = model.evaluate(theta + e, reml), model.evaluate(theta - e, reml)
        assert now.score[q] == pytest.approx((up.loglik - down.loglik) / (2 * h), rel=1e-6)
        curve = -(up.score - down.score) / (2 * h)
        assert now.observed[q] == pytest.approx(curve, rel=1e-6)


def test_one_effect_a_group_is_the_univariate_model() -> None:
    data = SETS["knapp2017"]["data"]
    y, v = data["yi"], data["vi"]
    m = meta.multilevel(y, v, [np.arange(len(y))])
    r = meta.random_effects(y, v, test="z")
    assert m.sigma2[0] == pytest.approx(float(np.ravel(r.tau2)[0]), rel=1e-6)
    assert m.coef == pytest.approx(np.ravel(r.coef), rel=1e-7)
    assert m.i2 == pytest.approx(float(r.i2), rel=1e-6)
    assert m.loglik == pytest.approx(r.loglik, rel=1e-8)


def test_no_outer_variance_reduces_to_two_levels() -> None:
    rng = np.random.default_rng(11)
    outer = np.repeat(np.arange(10), 3)
    # Group means all equal: nothing is left for the outer level.
    y = rng.normal(0, 1, (10, 3))
    y = (y - y.mean(axis=1, keepdims=True)).ravel() + 0.4
    v = np.full(30, 0.1)
    three, two = both(y, v, outer), meta.multilevel(y, v, [np.arange(30)])
    assert three.sigma2[0] == 0.0
    assert three.sigma2[1] == pytest.approx(two.sigma2[0], rel=1e-7)
    assert three.coef == pytest.approx(two.coef)
    assert three.loglik == pytest.approx(two.loglik)


def test_equal_effects_leave_no_heterogeneity() -> None:
    m = both(np.full(6, 1.5), np.full(6, 0.2), np.repeat([0, 1, 2], 2))
    assert m.sigma2.tolist() == [0.0, 0.0]
    assert m.coef[0] == pytest.approx(1.5)
    assert m.i2 == 0.0
    assert m.se[0] == pytest.approx(np.sqrt(0.2 / 6))


def test_splitting_an_effect_leaves_the_fit() -> None:
    """Two rows with the same effect and doubled variance carry what one row did."""
    data = pd.DataFrame(SETS["konstantopoulos2011"]["data"]).head(20)
    one = meta.multilevel(data.yi, data.vi, [data.outer, data.inner])
    split = pd.concat([data.iloc[[0]], data])
    v = split.vi.to_numpy().copy()
    v[:2] *= 2.0
    two = meta.multilevel(split.yi, v, [split.outer, split.inner])
    assert two.coef == pytest.approx(one.coef, rel=1e-6)
    assert two.sigma2 == pytest.approx(one.sigma2, rel=1e-5)


def test_four_levels_and_correlated_v() -> None:
    rng = np.random.default_rng(3)
    k = 48
    lab, trial, arm = np.arange(k) // 12, np.arange(k) // 4, np.arange(k) // 2
    v = rng.uniform(0.02, 0.1, k)
    V = (arm[:, None] == arm[None, :]) * 0.5 * np.sqrt(np.outer(v, v))
    np.fill_diagonal(V, v)
    y = rng.normal(0, 0.5, 4)[lab] + rng.normal(0, 0.4, 12)[trial] + rng.normal(0, v**0.5)
    m = meta.multilevel(y, V, [lab, trial, arm, np.arange(k)])
    M = V + sum(
        s * (c[:, None] == c[None, :])
        for s, c in zip(m.sigma2, [lab, trial, arm, np.arange(k)], strict=True)
    )
    W = np.linalg.inv(M)
    assert m.coef[0] == pytest.approx(W.sum(axis=0) @ y / W.sum(), rel=1e-9)
    assert m.se[0] == pytest.approx(W.sum() ** -0.5, rel=1e-9)


def test_a_huge_variance_adds_nothing() -> None:
    data = SETS["knapp2017"]["data"]
    y, v, outer = data["yi"][:20], data["vi"][:20], data["outer"][:20]
    a = both(np.array(y), np.array(v), np.array(outer))
    b = both(np.array([*y, 50.0]), np.array([*v, 1e12]), np.array([*outer, 99]))
    assert b.coef == pytest.approx(a.coef, rel=1e-6)
    assert b.sigma2 == pytest.approx(a.sigma2, rel=1e-5)


# ---- edges and refusals -------------------------------------------------------------------------


def test_single_effect_is_returned_as_it_is() -> None:
    m = meta.multilevel([0.7], [0.04], [[1], [1]])
    assert (m.coef[0], m.se[0]) == pytest.approx((0.7, 0.2))
    assert m.sigma2.tolist() == [0.0, 0.0]
    assert m.notes


def test_levels_that_cannot_be_told_apart_are_noted() -> None:
    m = meta.multilevel([0.1, 0.9, 0.4], [0.01, 0.02, 0.03], [["a", "b", "c"], [1, 1, 1]])
    assert m.sigma2[0] > 0
    assert m.sigma2[1] == 0
    assert "level 1" in m.notes[0]
    single = meta.multilevel([0.1, 0.9, 0.4], [0.01, 0.02, 0.03], [[1, 1, 1], [1, 2, 3]])
    assert single.sigma2[0] == 0
    assert "single group" in single.notes[0]


Y, VI, G = [0.1, 0.2, 0.5, 0.3], [0.1, 0.1, 0.2, 0.1], [[1, 1, 2, 2], [1, 2, 3, 4]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"yi": [0.1, np.nan, 0.5, 0.3]}, r"yi\[1\]"),
        ({"V": [0.1, 0.1, -0.2, 0.1]}, r"V\[2\]"),
        ({"V": [0.1, 0.1, 0.0, 0.1]}, r"V\[2\]"),
        ({"V": [0.1, 0.1, np.nan, 0.1]}, r"V\[2\]"),
        ({"V": [0.1, 0.1]}, "2 values"),
        ({"V": np.full((4, 4), 0.1)}, "positive definite"),
        ({"V": np.diag(VI) + np.eye(4, k=1) * 0.01}, "symmetric"),
        ({"groups": []}, "groups"),
        ({"groups": [[1, 1, None, 2]]}, r"groups\[0\]\[2\]"),
        ({"groups": [[1, 1, 2]]}, "shape"),
        ({"mods": [[1], [1], [1], [1]]}, r"mods\[0\]"),
        ({"mods": pd.DataFrame({"dose": [1, 2, 3, 4], "double": [2, 4, 6, 8]})}, "double"),
        ({"mods": [[1], [2], [np.inf], [1]]}, "index 2"),
        ({"method": "DL"}, "method"),
        ({"test": "knha"}, "test"),
        ({"level": 95}, "level"),
    ],
)
def test_refuses(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        meta.multilevel(**({"yi": Y, "V": VI, "groups": G} | change))


def test_a_failed_search_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    from liverfit.meta import _reml

    monkeypatch.setattr(_reml, "_newton", lambda *a: None)
    with pytest.raises(meta.ConvergenceError, match="multilevel"):
        meta.multilevel(Y, VI, G)


def test_quasi_newton_fallback_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from liverfit.meta import _reml

    data = SETS["konstantopoulos2011"]["data"]
    args = data["yi"], data["vi"], [data["outer"], data["inner"]]
    plain, newton, calls = meta.multilevel(*args), _reml._newton, []

    def fails_first(*a):
        calls.append(1)
        return None if len(calls) % 2 else newton(*a)

    monkeypatch.setattr(_reml, "_newton", fails_first)
    assert meta.multilevel(*args).sigma2 == pytest.approx(plain.sigma2, rel=1e-6)


def test_codes_follow_first_appearance() -> None:
    assert _codes(np.array(["b", "a", "b"], dtype=object)).tolist() == [0, 1, 0]
