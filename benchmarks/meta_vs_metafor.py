"""Time the univariate engine and metafor side by side, on the same data in the same run.

    python benchmarks/meta_vs_metafor.py [--repeats 200]

Prints medians and their ratio; both sides run on one thread. Without Rscript and metafor only our
times are printed. batch_growth.py measures how the batch grows.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402  (after the thread limits)

from liverfit import meta  # noqa: E402

DATA = Path(__file__).parents[1] / "tests" / "reference" / "data" / "bcg.csv"
R_CODE = """
suppressMessages(library(metafor))
args <- commandArgs(trailingOnly = TRUE)
bcg <- read.csv(args[1]); many <- as.matrix(read.csv(args[2], header = FALSE))
repeats <- as.integer(args[3]); k <- ncol(many) / 2
time <- function(f, n) sapply(seq_len(n), function(i) {
  t <- proc.time()[["elapsed"]]; for (j in 1:5) f(i); (proc.time()[["elapsed"]] - t) / 5 })
fit <- function(y, v, ...) suppressWarnings(rma(y, v, test = "knha", ...))
rows <- function(i) { r <- (i - 1) %% nrow(many) + 1; fit(many[r, 1:k], many[r, k + 1:k]) }
cat(median(time(function(i) fit(bcg$yi, bcg$vi), repeats)),
    median(time(function(i) fit(bcg$yi, bcg$vi, mods = bcg$ablat), repeats)),
    median(time(rows, repeats)), as.character(packageVersion("metafor")), sep = "\\n")
"""


def problems(B: int, k: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Random meta-analyses with moderate heterogeneity."""
    rng = np.random.default_rng(seed)
    v = np.exp(rng.normal(-3.0, 0.8, (B, k)))
    return rng.normal(0.3, np.sqrt(v + 0.05)), v


def median_seconds(run: Callable[[], object], repeats: int) -> float:
    """Median time of one call, after one to warm up."""
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def metafor_seconds(y: np.ndarray, v: np.ndarray, repeats: int) -> list[str] | None:
    """Medians of single fit, one moderator, rows of the batch; and metafor's version."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        table, script = Path(folder, "many.csv"), Path(folder, "time.R")
        np.savetxt(table, np.hstack([y[:200], v[:200]]), delimiter=",")
        script.write_text(R_CODE)
        command = ["Rscript", str(script), str(DATA), str(table), str(repeats)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.split() if done.returncode == 0 else None


def compare(repeats: int) -> None:
    """The table of ratios."""
    bcg = np.genfromtxt(DATA, delimiter=",", names=True)
    yi, vi, x = bcg["yi"], bcg["vi"], bcg["ablat"]
    y, v = problems(10_000, 20)
    ours = [
        median_seconds(lambda: meta.random_effects(yi, vi), 5 * repeats),
        median_seconds(lambda: meta.random_effects(yi, vi, x), 5 * repeats),
        median_seconds(lambda: meta.random_effects_batch(y, v), 9) / len(y),
    ]
    theirs = metafor_seconds(y, v, repeats)
    names = ["single fit, k = 13", "one moderator, k = 13", "batch 10 000 x 20, per fit"]
    print(f"{'REML + Knapp-Hartung':28}{'ours':>12}{'metafor':>12}{'ratio':>9}")
    for i, name in enumerate(names):
        line = f"{name:28}{ours[i] * 1e6:9.1f} µs"
        if theirs:
            line += f"{float(theirs[i]) * 1e6:9.0f} µs{float(theirs[i]) / ours[i]:9.0f}"
        print(line)
    print(f"metafor {theirs[3]}" if theirs else "Rscript with metafor was not found")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=100)
    compare(parser.parse_args().repeats)
