"""One contract for every model: what order, shift, unit and sign do, and what bad input meets.

Each model is wrapped to take effects, variances and the number of each study, and to give its main
coefficient with its standard error (NaN where it has none).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liverfit import meta

Fit = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[float, float]]


@dataclass(frozen=True)
class Model:
    """`shifts`: a constant added to all effects moves the coefficient by it; `minimum`: studies
    below which the model is refused; `single`: with one study the answer is that study."""

    fit: Fit
    shifts: bool = True
    minimum: int = 1
    tolerance: float = 1e-6

    @property
    def single(self) -> bool:
        return self.minimum == 1


def _se(v: np.ndarray) -> np.ndarray:
    return np.sqrt(np.where(v < 0, 0.0, v))


def _first(r) -> tuple[float, float]:
    return float(np.ravel(r.coef)[0]), float(np.ravel(r.se)[0])


def _network(y, v, i):
    n = meta.network(i, ["drug"] * len(y), ["none"] * len(y), y, _se(v))
    return n.effects.loc["drug", "none"], n.standard_errors.loc["drug", "none"]


def _component(y, v, i):
    treated = ["drug"] * len(y)
    c = meta.component_network(i, treated, ["none"] * len(y), y, _se(v), inactive="none")
    return c.components.loc["drug", "coef"], c.components.loc["drug", "se"]


def _dose(y, v, i):
    pairs = np.column_stack([np.zeros(len(y)), y]).ravel()
    errors = np.column_stack([np.zeros(len(y)), _se(v)]).ravel()
    dose = np.tile([0.0, 1.0], len(y))
    return _first(
        meta.dose_response(np.repeat(i, 2), dose, pairs, errors, covariance="independent")
    )


def _batch(y, v, i):
    b = meta.random_effects_batch(y[None], v[None])
    return float(b.coef[0]), float(b.se[0])


def _cumulative(y, v, i):
    last = meta.cumulative(y, v, i).iloc[-1]
    return last["coef"], last["se"]


def _multilevel(y, v, i):
    return _first(meta.multilevel(y, v, [i // 2, i]))


def _multilevel_batch(y, v, i):
    b = meta.multilevel_batch(y[None], v, [i // 2, i])
    return float(b.coef[0]), float(b.se[0])


def _regression_batch(y, v, i):
    b = meta.multilevel_regression_batch(y[None], v, [i // 2, i], i)
    return float(b.coef[0, 0]), float(b.se[0, 0])


def _robust(y, v, i):
    return _first(meta.multilevel(y, v, [i // 2, i]).robust(i // 2))


MODELS = {
    "random_effects": Model(lambda y, v, i: _first(meta.random_effects(y, v))),
    "random_effects, DL, z": Model(
        lambda y, v, i: _first(meta.random_effects(y, v, method="DL", test="z"))
    ),
    "random_effects, a moderator": Model(
        lambda y, v, i: _first(meta.random_effects(y, v, mods=i)), minimum=3
    ),
    "random_effects_batch": Model(_batch),
    "cumulative": Model(_cumulative),
    "multilevel": Model(_multilevel, tolerance=1e-5),
    "multilevel_batch": Model(_multilevel_batch, minimum=3, tolerance=1e-5),
    "multilevel_regression_batch": Model(_regression_batch, minimum=4, tolerance=1e-5),
    "multilevel, CR2": Model(_robust, minimum=3, tolerance=1e-5),
    "multivariate": Model(
        lambda y, v, i: _first(meta.multivariate(y, v, ["fat"] * len(y), i)),
        minimum=2, tolerance=1e-5,
    ),
    "network": Model(_network),
    "component_network": Model(_component),
    "dose_response": Model(_dose, tolerance=1e-5),
    "bayes_random_effects": Model(
        lambda y, v, i: (lambda b: (b.effect.median, np.diff(b.effect.ci)[0]))(
            meta.bayes_random_effects(y, v)
        ),
        minimum=3,
    ),
    "trim_and_fill": Model(lambda y, v, i: _first(meta.trim_and_fill(y, v)), minimum=3),
    "pet_peese": Model(lambda y, v, i: _first(meta.pet_peese(y, v).pet), minimum=3),
    "egger_test": Model(
        lambda y, v, i: (lambda e: (e.limit, np.diff(e.limit_ci)[0]))(meta.egger_test(y, v)),
        minimum=3,
    ),
    "selection_model": Model(
        lambda y, v, i: _first(meta.selection_model(y, v, alternative="two-sided")),
        shifts=False, minimum=3, tolerance=1e-4,
    ),
    "permutation_test": Model(
        lambda y, v, i: (lambda p: (p.coef[0], np.nan))(meta.permutation_test(y, v)), minimum=2
    ),
}  # fmt: skip
FEW = r"few|at least|more than|more effects|cannot be estimated|do not suffice|two clusters"
every = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
LAW = settings(max_examples=5)


def run(model: Model, y, v, i=None) -> np.ndarray:
    y, v = np.asarray(y, dtype=float), np.asarray(v, dtype=float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", meta.StatisticalWarning)
        return np.array(model.fit(y, v, np.arange(len(y)) if i is None else i), dtype=float)


def close(model: Model, a, b, scale: float) -> None:
    np.testing.assert_allclose(a, b, rtol=model.tolerance, atol=model.tolerance * scale)


def draw(seed: int, k: int = 9) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    v = np.exp(rng.normal(-2.5, 0.6, k))
    return rng.normal(-0.4, np.sqrt(v + 0.1)), v


def test_every_model_is_here() -> None:
    """What takes no list of effects, or is a method of a result here, aside."""
    aside = {"influence", "leave_one_out", "power", "rank_test"}
    functions = {name for name in meta.__all__ if name[0].islower()} - aside
    assert functions == {name.split(",")[0] for name in MODELS}


@every
@LAW
@given(st.integers(0, 10**6))
def test_order_of_studies_is_irrelevant(model: Model, seed: int) -> None:
    y, v = draw(seed)
    order = np.random.default_rng(seed).permutation(len(y))
    close(model, run(model, y[order], v[order], order), run(model, y, v), 1.0)


@every
@LAW
@given(st.integers(0, 10**6), st.floats(-5, 5))
def test_shift_moves_the_mean_alone(model: Model, seed: int, by: float) -> None:
    y, v = draw(seed)
    before, after = run(model, y, v), run(model, y + by, v)
    if model.shifts:
        close(model, after - before, [by, 0.0 if np.isfinite(before[1]) else np.nan], 10.0)


@every
@LAW
@given(st.integers(0, 10**6), st.sampled_from([1e-2, 0.3, 40.0, -1.0, -7.0]))
def test_unit_and_sign(model: Model, seed: int, factor: float) -> None:
    y, v = draw(seed)
    coef, se = run(model, y, v)
    close(
        model, run(model, factor * y, factor**2 * v), [factor * coef, abs(factor) * se], abs(factor)
    )


@every
def test_equal_effects_give_that_effect(model: Model) -> None:
    _, v = draw(1)
    coef, _ = run(model, np.full(9, -0.7), v)
    if model.shifts:
        assert coef == pytest.approx(-0.7, abs=1e-6)
    else:
        assert np.isfinite(coef)


@every
def test_one_and_two_studies(model: Model) -> None:
    if model.single:
        coef, se = run(model, [-0.7], [0.04])
        assert (coef, se) == pytest.approx((-0.7, 0.2))
    else:
        with pytest.raises(ValueError, match=FEW):
            run(model, [-0.7], [0.04])
    if model.minimum <= 2:
        coef, _ = run(model, [-0.7, -0.3], [0.04, 0.04])
        assert coef == pytest.approx(-0.5)
    elif model is not MODELS["trim_and_fill"]:  # it takes two when told the side
        with pytest.raises(ValueError, match=FEW):
            run(model, [-0.7, -0.3], [0.04, 0.05])


@every
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_refused_by_index(model: Model, bad: float) -> None:
    y, v = draw(2)
    y[4] = bad
    if model is MODELS["random_effects_batch"] and np.isnan(bad):
        assert np.isfinite(run(model, y, v)).all()  # NaN marks a study the row does not have
        return
    with pytest.raises(ValueError, match=r"\b4\b|\[9\]"):  # row 9 of the doses is effect 4
        run(model, y, v)


@every
@pytest.mark.parametrize("bad", [0.0, -0.1])
def test_a_variance_that_is_not_positive_is_refused_by_index(model: Model, bad: float) -> None:
    y, v = draw(2)
    v[4] = bad
    with pytest.raises(ValueError, match=r"\b4\b|\[9\]"):
        run(model, y, v)
