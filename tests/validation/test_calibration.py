"""The Monte-Carlo study of the defaults: it can be trusted, and its table is what it gives."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from calibrate_defaults import (
    BETWEEN,
    CHUNK,
    DESIGNS,
    I2,
    MEAN_LOG,
    RESIDUAL_DF,
    SD_LOG,
    TABLE,
    TRIALS,
    Study,
    draw_trials,
    judge,
    read_table,
    run,
    simulate,
    write_table,
)

from liverfit import meta

TINY = Study(replicates=40, clustered=6, trials=(3, 8), i2=(0.0, 0.5))


def test_same_seed_same_table_and_another_seed_another(tmp_path: Path) -> None:
    one = run(TINY, tmp_path / "a.jsonl")
    assert one == run(TINY, tmp_path / "b.jsonl")
    assert one == run(TINY, tmp_path / "a.jsonl")  # all from the checkpoint
    other = Study(replicates=40, clustered=6, seed=1, trials=(3, 8), i2=(0.0, 0.5))
    assert one != run(other, tmp_path / "c.jsonl")
    with pytest.raises(SystemExit, match="another study"):
        run(other, tmp_path / "a.jsonl")


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHUNK, "known", 15)  # several chunks a cell, the last one short
    whole = run(TINY, tmp_path / "whole.jsonl")
    lines = (tmp_path / "whole.jsonl").read_bytes().splitlines(keepends=True)
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(b"".join(lines[:6]) + lines[6][:25])  # killed while writing
    simulated: list[tuple] = []

    def counted(*args):
        simulated.append(args)
        return simulate(*args)

    monkeypatch.setattr("calibrate_defaults.simulate", counted)
    assert run(TINY, cut) == whole
    assert len(simulated) == len(lines) - 6
    assert cut.read_bytes() == b"".join(lines)
    assert sum(args[-1] for args in simulated if args[1] == "known") == 4 * 40 - 5 * 15 + 5


def test_a_kill_of_the_process_loses_at_most_one_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*args):
        if args[1] == "estimated":
            raise KeyboardInterrupt
        return simulate(*args)

    monkeypatch.setattr("calibrate_defaults.simulate", dies)
    with pytest.raises(KeyboardInterrupt):
        run(TINY, tmp_path / "a.jsonl")
    done = [json.loads(line)[0] for line in (tmp_path / "a.jsonl").read_text().splitlines()[1:]]
    assert [key[0] for key in done] == ["known"] * 4


def test_nominal_in_an_easy_cell(tmp_path: Path) -> None:
    """Twenty trials, I² 50 %, known variances; three standard errors of 4 000 replicates."""
    study = Study(replicates=4000, clustered=1, seed=7, trials=(20,), i2=(0.5,))
    rows = {(r["design"], r["model"]): r for r in run(study, tmp_path / "easy.jsonl")}
    default = rows["known", "REML, Hartung-Knapp, floor"]
    assert float(default["coverage"]) == pytest.approx(0.95, abs=0.0105)
    assert float(default["coverage"]) + float(default["type1"]) == pytest.approx(1.0, abs=2e-4)
    assert float(default["coverage_se"]) == pytest.approx((0.95 * 0.05 / 4000) ** 0.5, rel=0.15)


@pytest.mark.parametrize(("design", "k", "i2"), [("known", 5, 0.5), ("estimated", 3, 0.9)])
def test_stored_cells_come_back(tmp_path: Path, design: str, k: int, i2: float) -> None:
    """One cell of the committed table, simulated again with all its replicates."""
    study = Study(clustered=1, trials=(k,), i2=(i2,))
    again = {r["model"]: r for r in run(study, tmp_path / "cell.jsonl") if r["design"] == design}
    stored = [
        r for r in read_table() if (r["design"], int(r["k"]), float(r["i2"])) == (design, k, i2)
    ]
    assert len(stored) == len(again) == 4
    for row in stored:
        for name in ("replicates", "coverage", "type1", "pi_coverage", "width"):
            # A replicate at the very edge may fall to the other side on another processor.
            assert float(again[row["model"]][name]) == pytest.approx(float(row[name]), abs=2e-4)


def test_the_stored_table_is_complete_and_passes_its_check() -> None:
    rows = read_table()
    cells = {(r["design"], r["k"], r["i2"]) for r in rows}
    assert cells == {(d, str(k), str(i)) for d in DESIGNS for k in TRIALS for i in I2}
    assert len(rows) == 25 * (4 + 4 + 3)
    for r in rows:
        wanted = Study.clustered if r["design"] == "clustered" else Study.replicates
        assert int(r["replicates"]) + int(r["failed"]) == wanted
    assert Study.replicates >= 5000
    assert Study.clustered >= 1000
    assert judge(rows) == []


@pytest.mark.parametrize(
    ("model", "k", "i2", "column", "value", "message"),
    [
        ("REML, Hartung-Knapp, floor", "5", "0.5", "coverage", "0.92", "less than 94 %"),
        ("three-level, CR2, floor", "20", "0.5", "coverage", "0.999", "more than 99 %"),
        ("REML, Hartung-Knapp, floor", "20", "0.9", "pi_coverage", "0.85", "prediction interval"),
        ("three-level, normal", "3", "0.9", "coverage", "0.95", "do as well"),
        ("DL, normal", "3", "0.9", "failed", "2", "did not converge"),
    ],
)
def test_the_check_fails_when_it_should(
    model: str, k: str, i2: str, column: str, value: str, message: str
) -> None:
    rows = [dict(r) for r in read_table()]
    for r in rows:
        if (r["model"], r["k"], r["i2"]) == (model, k, i2):
            r[column] = value
            r["coverage_se"] = r["pi_coverage_se"] = "0.001"
    wrong = judge(rows)
    assert wrong
    assert all(message in line for line in wrong)


def test_table_survives_a_round_trip(tmp_path: Path) -> None:
    write_table(read_table(), tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == TABLE.read_bytes()


def test_drawn_trials_have_the_covariance_they_claim() -> None:
    """Shared-control trials: V is right, and so is the variance of the best estimate."""
    rng = np.random.default_rng(3)
    tau2, scores, gaps = 1.5, [], []
    for _ in range(4000):
        y, V, trial, oracle_se = draw_trials(rng, 4, tau2)
        same = trial[:, None] == trial
        M = V + tau2 * (BETWEEN * same + (1.0 - BETWEEN) * np.eye(len(y)))
        weights = np.linalg.solve(M, np.ones(len(y)))
        assert weights.sum() ** -0.5 == pytest.approx(oracle_se, rel=1e-9)
        scores.append(weights @ y / weights.sum() / oracle_se)
        pair = np.flatnonzero(trial == trial[-1])
        if len(pair) > 1:
            gaps.append((y[pair[0]] - y[pair[1]]) ** 2 / (2 * (M[pair[0]] @ np.eye(len(y))[pair[0]]
                        - M[pair[0], pair[1]])))  # fmt: skip
    assert np.mean(np.square(scores)) == pytest.approx(1.0, abs=0.07)
    assert np.mean(gaps) == pytest.approx(1.0, abs=0.08)


def test_power_is_the_share_of_significant_simulations() -> None:
    rng = np.random.default_rng(4)
    v, tau2 = np.exp(rng.normal(-3, 0.7, 8)), 0.05
    y = rng.normal(0.3, np.sqrt(v + tau2), (20_000, 8))
    w = 1.0 / (v + tau2)
    z = (y @ w) / w.sum() ** 0.5
    plan = meta.power(0.3, v, tau2=tau2)
    assert float(plan.power) == pytest.approx((np.abs(z) > 1.959964).mean(), abs=0.011)
    found = meta.random_effects_batch(y, np.broadcast_to(v, y.shape)).pvalue < 0.05
    planned = meta.power(0.3, v, tau2=tau2, test="knha")
    assert float(planned.power) == pytest.approx(found.mean(), abs=0.03)


@pytest.mark.slow
def test_the_variances_are_those_of_the_liver_fat_contrasts(real_run) -> None:
    effects = real_run.derived.effects
    fat = effects[(effects["outcome"] == "liver_fat") & (effects["measure"] == "MD")]
    logs = np.log(fat["vi"].astype(float))
    assert logs.mean() == pytest.approx(MEAN_LOG, abs=0.25)
    assert logs.std() == pytest.approx(SD_LOG, abs=0.25)
    df = fat["n1"].astype(float) + fat["n2"].astype(float) - 2
    assert df.median() == pytest.approx(RESIDUAL_DF, abs=8)
    count = int(re.search(r"(\d+) liver-fat contrasts", Path(
        TABLE.with_name("calibrate_defaults.py")).read_text()).group(1))  # fmt: skip
    assert len(fat) == pytest.approx(count, abs=10)
