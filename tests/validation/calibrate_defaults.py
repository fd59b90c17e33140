"""How often the intervals of the default models hold what they promise: a Monte-Carlo study.

    python tests/validation/calibrate_defaults.py            # runs, or goes on where it stopped
    python tests/validation/calibrate_defaults.py --check    # only judges the table it wrote
    python tests/validation/validation_page.py               # puts the table into the docs

The true mean is zero, so the share of p-values below 0.05 is the type-I error. Sampling variances
are drawn from the log-normal distribution of those of the liver-fat mean differences of this
project; tau² is the multiple of their harmonic mean that gives the stated I². Every chunk of
replicates has a seed of its own and goes to the checkpoint when it is done, so that the table does
not depend on interruptions. One thread, about five minutes.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402  (after the thread limits)
from scipy.special import ndtr, ndtri, stdtr, stdtrit  # noqa: E402

from liverfit import meta  # noqa: E402

TABLE = Path(__file__).with_name("calibration.csv")
CHECKPOINT = Path(__file__).parents[2] / "results" / "calibration.jsonl"

# Log-normal fitted to the 36 liver-fat contrasts (percentage points squared) of results/effects,
# and the median of their n1 + n2 - 2.
MEAN_LOG, SD_LOG, RESIDUAL_DF = 0.50, 0.87, 32
TYPICAL = float(np.exp(MEAN_LOG - 0.5 * SD_LOG**2))  # harmonic mean of that distribution
BETWEEN = 2.0 / 3.0  # share of tau² between trials; the rest is within (three-level cells)

TRIALS = (3, 5, 10, 20, 40)
I2 = (0.0, 0.25, 0.5, 0.75, 0.9)
DESIGNS = ("known", "estimated", "clustered")
CHUNK = {"known": 5000, "estimated": 5000, "clustered": 100}
Z = float(ndtri(0.975))

# The models that the pipeline fits, and what it would fit without small-sample corrections.
DEFAULTS = {
    "REML, Hartung-Knapp, floor": "REML, normal",
    "three-level, CR2, floor": "three-level, normal",
}
COLUMNS = (
    "design", "model", "k", "i2", "replicates", "failed", "coverage", "coverage_se",
    "type1", "type1_se", "pi_coverage", "pi_coverage_se", "width",
)  # fmt: skip


@dataclass(frozen=True)
class Study:
    """What is simulated: replicates a cell with one effect a trial, and with several."""

    replicates: int = 20_000
    clustered: int = 2_000
    seed: int = 20_240_601
    trials: tuple[int, ...] = TRIALS
    i2: tuple[float, ...] = I2

    def chunks(self) -> Iterator[tuple[str, int, float, int, int]]:
        """(design, k, I², number of the chunk, its replicates), in the order of the table."""
        for design, k, i2 in product(DESIGNS, self.trials, self.i2):
            total = self.clustered if design == "clustered" else self.replicates
            for number, start in enumerate(range(0, total, CHUNK[design])):
                yield design, k, i2, number, min(CHUNK[design], total - start)


@dataclass
class Fits:
    """Interval, p-value and prediction interval of one model, (n,) arrays."""

    estimate: np.ndarray
    se: np.ndarray
    df: np.ndarray
    tau2: np.ndarray

    def sums(self, tau: float, oracle_se: np.ndarray) -> dict[str, float]:
        """What the table needs, added up over replicates."""
        normal = np.isinf(self.df)
        finite = np.where(normal, 1.0, self.df)
        critical = np.where(normal, Z, stdtrit(finite, 0.975))
        statistic = self.estimate / self.se
        pvalue = 2.0 * np.where(normal, ndtr(-abs(statistic)), stdtr(finite, -abs(statistic)))
        half = critical * self.se
        wide = critical * np.sqrt(self.tau2 + self.se**2)
        low, high = self.estimate - wide, self.estimate + wide
        # The share of new true effects that each interval holds, not one draw of them.
        held = ndtr(high / tau) - ndtr(low / tau) if tau else (low <= 0) & (high >= 0)
        held = held.astype(float)
        return {
            "n": len(held),
            "covered": float((np.abs(self.estimate) <= half).sum()),
            "rejected": float((pvalue < 0.05).sum()),
            "held": float(held.sum()),
            "held2": float((held**2).sum()),
            "log_width": float(np.log(half / (Z * oracle_se)).sum()),
        }

    def floored(self, wald: np.ndarray) -> Fits:
        """The same with a standard error never below Wald's."""
        return Fits(self.estimate, np.maximum(self.se, wald), self.df, self.tau2)


def simulate(
    seed: int, design: str, k: int, i2: float, number: int, n: int
) -> dict[str, dict[str, float]]:
    """Sums of one chunk by model."""
    rng = np.random.default_rng([seed, DESIGNS.index(design), k, round(100 * i2), number])
    tau2 = TYPICAL * i2 / (1.0 - i2)
    if design == "clustered":
        return _clustered(rng, k, tau2, n)
    return _one_effect_a_trial(rng, k, tau2, n, design == "estimated")


def _one_effect_a_trial(
    rng: np.random.Generator, k: int, tau2: float, n: int, estimated: bool
) -> dict[str, dict[str, float]]:
    v = np.exp(rng.normal(MEAN_LOG, SD_LOG, (n, k)))
    y = rng.normal(0.0, np.sqrt(v + tau2))
    oracle_se = (1.0 / (v + tau2)).sum(axis=1) ** -0.5
    if estimated:
        v = v * rng.chisquare(RESIDUAL_DF, (n, k)) / RESIDUAL_DF

    def fit(method: str, test: str) -> Fits:
        b = meta.random_effects_batch(y, v, method=method, test=test)
        return Fits(b.coef, b.se, b.df, b.tau2)

    knha, wald = fit("REML", "knha"), fit("REML", "z")
    models = {
        "REML, Hartung-Knapp": knha,
        "REML, Hartung-Knapp, floor": knha.floored(wald.se),
        "REML, normal": wald,
        "DL, normal": fit("DL", "z"),
    }
    return {name: {**m.sums(tau2**0.5, oracle_se), "failed": 0} for name, m in models.items()}


def draw_trials(
    rng: np.random.Generator, k: int, tau2: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Trials of one to three arms against one control: y, V, trial, and the SE under known tau².

    Half of each variance is the control's, which the contrasts of a trial share.
    """
    arms = rng.integers(1, 4, k)
    trial = np.repeat(np.arange(k), arms)
    same = trial[:, None] == trial
    part = 0.5 * np.exp(rng.normal(MEAN_LOG, SD_LOG, k))
    V = same * part[trial][:, None] + np.diag(part[trial])
    y = rng.normal(0.0, np.sqrt(part + BETWEEN * tau2))[trial]
    y += rng.normal(0.0, np.sqrt(part[trial] + (1.0 - BETWEEN) * tau2))
    # Within a trial all effects are alike, so its mean is sufficient for the overall mean.
    spread = part + BETWEEN * tau2 + (part + (1.0 - BETWEEN) * tau2) / arms
    return y, V, trial, float((1.0 / spread).sum() ** -0.5)


def _clustered(
    rng: np.random.Generator, k: int, tau2: float, n: int
) -> dict[str, dict[str, float]]:
    rows: list[tuple[float, ...]] = []
    for _ in range(n):
        y, V, trial, oracle_se = draw_trials(rng, k, tau2)
        try:
            fit = meta.multilevel(y, V, [trial, np.arange(len(y))])
            robust = fit.robust(trial, kind="CR2")
        except meta.ConvergenceError:
            continue
        total = fit.sigma2.sum()
        rows.append((fit.coef[0], robust.se[0], robust.df[0], total, fit.se[0], oracle_se))
    estimate, se, df, total, wald, oracle = np.array(rows).T
    cr2 = Fits(estimate, se, df, total)
    models = {
        "three-level, CR2": cr2,
        "three-level, CR2, floor": cr2.floored(wald),
        "three-level, normal": Fits(estimate, wald, np.full(len(df), np.inf), total),
    }
    failed = n - len(rows)
    return {name: {**m.sums(tau2**0.5, oracle), "failed": failed} for name, m in models.items()}


class Checkpoint:
    """Finished chunks, one JSON line each after a line with the settings of the study."""

    def __init__(self, path: Path, study: Study):
        self.path, self.done = path, {}
        header = json.dumps(
            {**asdict(study), "constants": [MEAN_LOG, SD_LOG, RESIDUAL_DF, BETWEEN]}
        )
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        whole = [line for line in lines if line.endswith(b"\n")]  # a kill may cut the last one
        if whole and whole[0].decode().strip() != header:
            raise SystemExit(
                f"{path} is the checkpoint of another study; delete it or name another"
            )
        for line in whole[1:]:
            key, sums = json.loads(line)
            self.done[tuple(key)] = sums
        path.parent.mkdir(parents=True, exist_ok=True)
        if len(whole) < len(lines) or not whole:
            path.write_bytes(b"".join(whole) or f"{header}\n".encode())

    def add(self, key: tuple, sums: dict) -> None:
        """Remember a chunk, on disk first."""
        with self.path.open("a", encoding="utf-8") as out:
            out.write(json.dumps([key, sums]) + "\n")
            out.flush()
            os.fsync(out.fileno())
        self.done[key] = sums


def run(
    study: Study, checkpoint: Path, progress: Callable[[str], None] = lambda cell: None
) -> list[dict[str, object]]:
    """Rows of the table, from the chunks in the checkpoint and those still to be simulated."""
    saved = Checkpoint(checkpoint, study)
    totals: dict[tuple, dict[str, float]] = {}
    for design, k, i2, number, n in study.chunks():
        key = (design, k, i2, number)
        if key not in saved.done:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", meta.StatisticalWarning)
                saved.add(key, simulate(study.seed, design, k, i2, number, n))
        for model, sums in saved.done[key].items():
            total = totals.setdefault((design, model, k, i2), dict.fromkeys(sums, 0.0))
            for name, value in sums.items():
                total[name] += value
        progress(f"{design}, k = {k}, I² = {i2:.0%}")
    return [_row(*key, total) for key, total in totals.items()]


def _row(design: str, model: str, k: int, i2: float, total: dict[str, float]) -> dict[str, object]:
    n = total["n"]

    def share(name: str) -> tuple[str, str]:
        mean = total[name] / n
        square = total["held2"] / n if name == "held" else mean
        return f"{mean:.4f}", f"{max(square - mean**2, 0.0) ** 0.5 / n**0.5:.4f}"

    values = (
        design, model, k, i2, round(n), round(total["failed"]),
        *share("covered"), *share("rejected"), *share("held"),
        f"{np.exp(total['log_width'] / n):.3f}",
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def judge(rows: list[dict[str, str]]) -> list[str]:
    """What contradicts the claims that docs/validation.md makes about the defaults; empty if none.

    A share may miss its bound by two Monte-Carlo standard errors.
    """
    wrong = []
    share = {(r["design"], r["model"], r["k"], r["i2"]): float(r["coverage"]) for r in rows}
    for r in rows:
        cell = f"{r['design']}, {r['model']}, k = {r['k']}, I2 = {r['i2']}"
        k, i2, slack = int(r["k"]), float(r["i2"]), 2.0 * float(r["coverage_se"])
        coverage, held = float(r["coverage"]), float(r["pi_coverage"])
        slack_held = 2.0 * float(r["pi_coverage_se"])
        if float(r["failed"]) > 0:
            wrong.append(f"{cell}: {r['failed']} fits did not converge")
        if r["model"] not in DEFAULTS:
            continue
        if coverage + slack < 0.94:
            wrong.append(f"{cell}: the interval holds {coverage:.1%}, less than 94 %")
        if k >= 10 and coverage - slack > 0.99:
            wrong.append(f"{cell}: the interval holds {coverage:.1%}, more than 99 %")
        if held + slack_held < (0.9 if k >= 10 and i2 >= 0.75 else 0.83):
            wrong.append(f"{cell}: the prediction interval holds {held:.1%}")
        normal = share[r["design"], DEFAULTS[r["model"]], r["k"], r["i2"]]
        if k == 3 and i2 >= 0.75 and not normal < min(0.9, coverage - 0.1):
            wrong.append(f"{cell}: the normal interval holds {normal:.1%}, so it would do as well")
    return wrong


def write_table(rows: list[dict[str, object]], path: Path) -> None:
    """The CSV, replaced as a whole."""
    beside = path.with_suffix(".tmp")
    with beside.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    os.replace(beside, path)


def read_table(path: Path = TABLE) -> list[dict[str, str]]:
    """Rows of the CSV as text."""
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=Study.replicates)
    parser.add_argument("--clustered", type=int, default=Study.clustered, help="three-level cells")
    parser.add_argument("--seed", type=int, default=Study.seed)
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINT)
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--check", action="store_true", help="judge the table, simulate nothing")
    given = parser.parse_args()
    if not given.check:
        from rich.progress import Progress

        study = Study(given.replicates, given.clustered, given.seed)
        with Progress() as bar:
            task = bar.add_task("", total=sum(1 for _ in study.chunks()))
            rows = run(
                study, given.checkpoint, lambda c: bar.update(task, description=c, advance=1)
            )
        write_table(rows, given.table)
    wrong = judge(read_table(given.table))
    raise SystemExit("\n".join(wrong) if wrong else 0)


if __name__ == "__main__":
    main()
