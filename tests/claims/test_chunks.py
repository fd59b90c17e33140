"""Work that is divided gives the same bytes as work that is not, in however many parts."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from claim_parts import CLAIM, OUTCOMES, SETTINGS
from test_multiverse import PLAN_OF_ALL, pool
from test_multiverse import SETTINGS as MULTIVERSE_SETTINGS
from test_rule_calibration import judged, simple, two_lines

from liverfit import meta, store
from liverfit.claims.calibration import calibrate_claim, simulated_verdicts
from liverfit.claims.lines import lines_of
from liverfit.claims.multiverse.choices import grid_of
from liverfit.claims.multiverse.chunks import gathered, read_chunk, write_chunk
from liverfit.claims.multiverse.curve import curve
from liverfit.claims.multiverse.evaluate import evaluate_claim, line_and_grid
from liverfit.claims.multiverse.listing import specifications
from liverfit.claims.multiverse.summary import summarise
from liverfit.sources import PACKAGE

STATED = (CLAIM, pool(), OUTCOMES, PLAN_OF_ALL, MULTIVERSE_SETTINGS)
CONFIG = PACKAGE.parents[1] / "config"


def written(folder, m) -> dict[str, bytes]:
    """What a multiverse writes, by name."""
    store.write_table(folder / "specifications.csv", specifications(m, 500))
    store.write_table(folder / "curve.csv", curve(m))
    store.write_json(folder / "summary.json", summarise(m))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def parts_of(folder, n) -> list:
    """The multiverse in n parts, each written and read again, the last first."""
    paths = [folder / f"chunks/{i}-of-{n}.npz" for i in range(n, 0, -1)]
    for path in paths:
        share = tuple(map(int, path.stem.split("-of-")))
        write_chunk(path, evaluate_claim(*STATED, share))
    return [read_chunk(path, *line_and_grid(*STATED)) for path in paths]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return written(tmp_path_factory.mktemp("whole"), evaluate_claim(*STATED))


@pytest.mark.parametrize("n", [1, 2, 5, 37])
def test_a_multiverse_in_parts_is_the_same_to_the_last_byte(n, whole, tmp_path):
    (tmp_path / "out").mkdir()
    assert written(tmp_path / "out", gathered(parts_of(tmp_path, n))) == whole


def test_a_part_that_is_missing_twice_there_or_changed_is_told(tmp_path):
    first, second = parts_of(tmp_path, 2)
    for parts in ([first], [first, second, second]):
        with pytest.raises(store.StoreError, match="do not make the whole"):
            gathered(parts)
    path = tmp_path / "chunks/1-of-2.npz"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(store.StoreError, match="was changed"):
        read_chunk(path, *line_and_grid(*STATED))


@pytest.mark.parametrize("method", ["REML", "ML", "PM", "EB", "DL", "SJ", "HE", "HS"])
def test_a_row_of_a_batch_does_not_depend_on_the_others(method):
    """Rows that converge slowly or fast, in batches of other sizes and widths, to the last bit."""
    rng = np.random.default_rng(20261128)
    yi = rng.normal(0, rng.uniform(0.1, 2.0, (300, 1)), (300, 19))
    vi = rng.uniform(0.05, 1.0, (300, 19))
    yi[rng.random((300, 19)) < 0.3] = np.nan
    together = meta.random_effects_batch(yi, vi, method=method)
    for rows in np.array_split(np.arange(300), 41):
        wider = [np.pad(x[rows], ((0, 0), (0, 6)), constant_values=np.nan) for x in (yi, vi)]
        apart = meta.random_effects_batch(*wider, method=method)
        for name in ("coef", "se", "tau2", "i2", "pvalue"):
            assert np.array_equal(getattr(apart, name), getattr(together, name)[rows]), name


@pytest.mark.parametrize("n", [2, 5])
def test_a_calibration_in_parts_is_the_same(n):
    settings = {**SETTINGS, "calibration": {**SETTINGS["calibration"], "simulations": 1700}}
    for claim in (judged(simple()), two_lines("all", {}), judged(simple(2))):
        parts = [simulated_verdicts(claim, settings, (i, n)) for i in range(1, n + 1)]
        assert calibrate_claim(claim, settings, parts) == calibrate_claim(claim, settings)


def counted(config: dict) -> int:
    """Specifications of all claims; a claim with several primary lines counts its first."""
    named = {
        name: yaml.safe_load((CONFIG / f"{name}.yaml").read_text(encoding="utf-8"))
        for name in ("claims", "outcomes")
    }
    grids = (
        grid_of(
            config["multiverse"], claim, lines_of(claim, named["outcomes"])[0], config["models"]
        )
        for claim in named["claims"]["claims"]
    )
    return sum(grid.size for grid in grids)


def test_the_exhaustive_plan_is_a_large_one():
    from snakemake.utils import update_config

    plan = yaml.safe_load((CONFIG / "config.yaml").read_text(encoding="utf-8"))
    default = counted(plan)
    update_config(plan, yaml.safe_load((CONFIG / "exhaustive.yaml").read_text(encoding="utf-8")))
    assert counted(plan) >= 5 * default
    assert counted(plan) >= 10**6
    assert plan["calibration"]["simulations"] == 10**5
    assert plan["calibration"]["simulations_one_by_one"] == 10**5
