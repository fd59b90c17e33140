"""Time a claim's multiverse beside a plain loop over metafor's `rma` on the same specifications.

    python benchmarks/multiverse_vs_metafor.py [CLAIM] [--fits 600]

Reads results/ of a finished run. Ours is the whole evaluation, from effects to verdicts; metafor's
is the fits alone, of a random sample of the distinct analyses, each once. CPU time, one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402  (after the thread limits)
import yaml  # noqa: E402

from liverfit import store  # noqa: E402
from liverfit.claims.evidence import as_records  # noqa: E402
from liverfit.claims.multiverse.evaluate import Multiverse, evaluate_claim  # noqa: E402
from liverfit.claims.multiverse.summary import summarise  # noqa: E402

ROOT = Path(__file__).parents[1]
R_CODE = """
suppressMessages({library(metafor); library(jsonlite)})
specifications <- fromJSON(commandArgs(trailingOnly = TRUE)[1], simplifyDataFrame = FALSE)
one <- function(s) tryCatch(
  suppressWarnings(rma(unlist(s$yi), unlist(s$vi), method = s$method, test = s$test))$beta[1],
  error = function(e) NA)
invisible(lapply(specifications[1:20], one))
began <- proc.time()
estimates <- sapply(specifications, one)
spent <- proc.time() - began
cat(toJSON(list(seconds = spent[["user.self"]] + spent[["sys.self"]], estimates = estimates,
  version = as.character(packageVersion("metafor"))), digits = NA, na = "null", auto_unbox = TRUE))
"""


def evaluated(claim: str) -> tuple[Multiverse, float]:
    """The multiverse of a claim and the CPU seconds that it took, its summary included."""
    plan = {
        name: yaml.safe_load((ROOT / f"config/{name}.yaml").read_text(encoding="utf-8"))
        for name in ("config", "outcomes", "claims")
    }
    entry = next(c for c in plan["claims"]["claims"] if c["id"] == claim)
    pool = as_records(store.read_table(ROOT / f"results/evidence/{claim}_variants.csv"))
    config = plan["config"]
    began = time.process_time()
    m = evaluate_claim(entry, pool, plan["outcomes"], config["multiverse"], config)
    summarise(m)
    return m, time.process_time() - began


def sample(m: Multiverse, count: int) -> tuple[list[dict], np.ndarray]:
    """Distinct feasible analyses that `rma` can fit, a random sample, with our estimates."""
    of_group = m.groups[0]
    feasible = np.zeros(m.verdict.shape, dtype=bool)
    np.logical_or.at(feasible, of_group, m.reasons == 0)
    feasible[[i for i, s in enumerate(m.sets) if s.three_level]] = False
    at = np.argwhere(feasible)
    chosen = at[np.random.default_rng(1).permutation(len(at))[:count]]
    paths = m.grid.model_paths()
    told = []
    for s, model in chosen.tolist():
        test = "z" if paths[model]["test"] == "z" else "knha"
        part = {"yi": m.sets[s].yi, "vi": m.sets[s].vi}
        told.append({**part, "method": paths[model]["estimator"], "test": test})
    return told, m.fits.estimate[chosen[:, 0], chosen[:, 1]]


def metafor(specifications: list[dict]) -> dict | None:
    """Seconds and estimates of the loop in R, or None without Rscript, metafor and jsonlite."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        table, script = Path(folder, "specifications.json"), Path(folder, "loop.R")
        table.write_text(json.dumps(specifications))
        script.write_text(R_CODE)
        done = subprocess.run(["Rscript", str(script), str(table)], capture_output=True, text=True)
    return json.loads(done.stdout) if done.returncode == 0 else None


def compare(claim: str, count: int) -> None:
    """Print the rates and their ratios."""
    m, seconds = evaluated(claim)
    said = summarise(m)
    specifications, ours = sample(m, count)
    print(f"{claim}: {m.grid.size:,} specifications, {said['n_distinct']:,} distinct analyses")
    print(f"ours: {seconds:.1f} s, {m.grid.size / seconds:,.0f} specifications a second and core,")
    print(f"      {said['n_distinct'] / seconds:,.0f} distinct analyses a second and core")
    theirs = metafor(specifications)
    if theirs is None:
        print("Rscript with metafor and jsonlite was not found")
        return
    rate = len(specifications) / theirs["seconds"]
    there = np.array([np.nan if e is None else e for e in theirs["estimates"]], dtype=float)
    apart = np.nanmax(np.abs(there - ours) / (1 + np.abs(ours)))
    print(
        f"metafor {theirs['version']}, {len(there)} of the distinct analyses: {rate:,.0f} a second"
    )
    print(f"largest difference of an estimate: {apart:.1e}; not fitted: {np.isnan(there).sum()}")
    print(f"ratio, specifications: {m.grid.size / seconds / rate:,.0f}")
    print(f"ratio, distinct analyses: {said['n_distinct'] / seconds / rate:,.0f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("claim", nargs="?", default="aerobic_lowers_liver_fat")
    parser.add_argument("--fits", type=int, default=600)
    stated = parser.parse_args()
    compare(stated.claim, stated.fits)
