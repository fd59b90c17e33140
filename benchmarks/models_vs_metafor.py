"""Time the multilevel, robust, resampled, multivariate and network models and R side by side.

    python benchmarks/models_vs_metafor.py [--repeats 30]

Same data, same run, one thread each; prints medians of CPU time, which other processes disturb
less than the clock, and their ratio. Without Rscript and metafor only our times are printed;
netmeta is timed when R has it; the network by REML beside rma.mv always, which is another peer.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402  (after the thread limits)

from liverfit import meta  # noqa: E402

RESAMPLES = 200  # of trials, that one call fits: their time is divided by so many
REFERENCE = Path(__file__).parents[1] / "tests" / "reference"
R_CODE = """
suppressMessages({library(metafor); library(clubSandwich); library(jsonlite)})
args <- commandArgs(trailingOnly = TRUE); repeats <- as.integer(args[2])
sets <- fromJSON(file.path(args[1], "meta_multilevel.json"))$sets
set.seed(1)
berkey <- fromJSON(file.path(args[1], "meta_multivariate.json"))$sets$berkey1998$data
senn <- as.data.frame(fromJSON(file.path(args[1], "meta_network.json"))$sets$senn2013$data)
time <- function(name, f) {
  f()
  cpu <- function() sum(proc.time()[c("user.self", "sys.self")])
  t <- sapply(seq_len(repeats), function(i) { s <- cpu(); f(); cpu() - s })
  cat(name, median(t), "\\n")
}
for (name in c("konstantopoulos2011", "assink2016")) {
  d <- as.data.frame(sets[[name]]$data)
  V <- outer(d$outer, d$outer, "==") * 0.6 * sqrt(outer(d$vi, d$vi)); diag(V) <- d$vi
  time(paste0("multilevel_", name), function() rma.mv(yi, vi, random = ~ 1 | outer/inner, data = d))
  time(paste0("correlated_", name), function() rma.mv(yi, V, random = ~ 1 | outer/inner, data = d))
  m <- rma.mv(yi, vi, random = ~ 1 | outer/inner, data = d)
  time(paste0("CR2_", name), function() coef_test(m, vcov = "CR2", cluster = d$outer))
  d$precision <- 1 / sqrt(d$vi)
  groups <- split(d, d$outer)
  drawn <- lapply(seq_len(repeats + 1), function(i) {
    again <- sample(groups, replace = TRUE)
    do.call(rbind, lapply(seq_along(again), function(j) transform(again[[j]], outer = j)))
  })
  at <- 0
  time(paste0("resample_", name), function() {
    at <<- at + 1
    rma.mv(yi, vi, mods = ~ precision, random = ~ 1 | outer/inner, data = drawn[[at]])
  })
}
b <- data.frame(yi = berkey$yi, outcome = berkey$outcome, trial = berkey$trial)
time("multivariate_berkey1998", function()
  rma.mv(yi, berkey$V, mods = ~ outcome - 1, random = ~ outcome | trial, struct = "UN", data = b))
# What a user of metafor fits: contrasts with each study's first arm, rho = 1/2.
first <- sapply(split(senn$treat1, senn$studlab), `[`, 1)
base <- senn[senn$treat1 == first[senn$studlab], ]
arms <- sort(unique(c(base$treat1, base$treat2)))[-1]
X <- outer(base$treat1, arms, "==") - outer(base$treat2, arms, "==")
V <- diag(base$se^2)
for (s in unique(base$studlab[duplicated(base$studlab)])) {
  rows <- which(base$studlab == s)
  third <- senn$se[senn$studlab == s & senn$treat1 != first[s]]
  V[rows[1], rows[2]] <- V[rows[2], rows[1]] <- (sum(base$se[rows]^2) - third^2) / 2
}
base$effect <- seq_len(nrow(base))
time("network_REML_senn2013_rma.mv", function()
  rma.mv(te, V, mods = X, intercept = FALSE, random = ~ effect | studlab, rho = 1/2, data = base))
if (requireNamespace("netmeta", quietly = TRUE)) {
  time("network_senn2013", function()
    netmeta::netmeta(te, se, treat1, treat2, studlab, data = senn, sm = "MD"))
}
"""


def median_seconds(run: Callable[[], object], repeats: int) -> float:
    """Median CPU time of one call, after one to warm up."""
    run()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return statistics.median(times)


def our_runs() -> dict[str, Callable[[], object]]:
    """The models to time, by the name that the R side gives them."""
    runs: dict[str, Callable[[], object]] = {}
    sets = json.loads((REFERENCE / "meta_multilevel.json").read_text())["sets"]
    for name in ("konstantopoulos2011", "assink2016"):
        d = {key: np.array(column) for key, column in sets[name]["data"].items()}
        groups, v = [d["outer"], d["inner"]], d["vi"]
        V = (d["outer"][:, None] == d["outer"]) * 0.6 * np.sqrt(np.outer(v, v))
        np.fill_diagonal(V, v)
        fit = meta.multilevel(d["yi"], v, groups)
        runs[f"multilevel_{name}"] = lambda d=d, v=v, g=groups: meta.multilevel(d["yi"], v, g)
        runs[f"correlated_{name}"] = lambda d=d, V=V, g=groups: meta.multilevel(d["yi"], V, g)
        runs[f"CR2_{name}"] = lambda fit=fit: fit.robust()
        trials = len(set(d["outer"].tolist()))
        counts = np.random.default_rng(1).multinomial(
            trials, np.full(trials, 1 / trials), size=RESAMPLES
        )
        runs[f"resample_{name}"] = lambda d=d, v=v, g=groups, n=counts: (
            meta.multilevel_regression_batch(d["yi"], v, g, 1 / np.sqrt(v), n)
        )
    berkey = json.loads((REFERENCE / "meta_multivariate.json").read_text())["sets"]["berkey1998"]
    b = [np.array(berkey["data"][key]) for key in ("yi", "V", "outcome", "trial")]
    runs["multivariate_berkey1998"] = lambda: meta.multivariate(*b)
    senn = json.loads((REFERENCE / "meta_network.json").read_text())["sets"]["senn2013"]["data"]
    rows = [senn[key] for key in ("studlab", "treat1", "treat2", "te", "se")]
    runs["network_senn2013"] = lambda: meta.network(*rows)
    runs["network_REML_senn2013_rma.mv"] = lambda: meta.network(*rows, method="REML")
    return runs


def r_seconds(repeats: int) -> dict[str, float]:
    """Medians of the R side by name; empty without R and its packages."""
    if shutil.which("Rscript") is None:
        return {}
    command = ["Rscript", "-e", R_CODE, str(REFERENCE), str(repeats)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr)
        return {}
    return {name: float(t) for name, t in (line.split() for line in done.stdout.splitlines())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=30)
    repeats = parser.parse_args().repeats
    theirs = r_seconds(repeats)
    print(f"{'model':32}{'ours, ms':>10}{'R, ms':>10}{'ratio':>8}")
    for name, run in our_runs().items():
        ours = median_seconds(run, repeats) / (RESAMPLES if name.startswith("resample") else 1)
        r = theirs.get(name)
        tail = f"{1e3 * r:10.2f}{r / ours:8.1f}" if r else f"{'-':>10}{'-':>8}"
        print(f"{name:32}{1e3 * ours:10.2f}{tail}")


if __name__ == "__main__":
    main()
