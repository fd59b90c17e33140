"""What a larger multiverse costs, from the records of the last run, and a check of it.

    python benchmarks/multiverse_cost.py [--check CLAIM] [--nodes 10 --cores 32]

Reads results/ and logs/. Seconds of every claim are fitted (non-negative least squares) by a cost
for each specification and one for each distinct analysis. The check evaluates CLAIM in one part of
8, 4, 2 and 1 and sets CPU time beside the prediction.
"""

from __future__ import annotations

import argparse
import json
import re
import time

import numpy as np
import yaml
from multiverse_vs_metafor import ROOT  # sets one thread before NumPy is loaded
from scipy.optimize import nnls

from liverfit import store
from liverfit.claims.evidence import as_records
from liverfit.claims.multiverse.evaluate import evaluate_claim
from liverfit.claims.multiverse.summary import summarise

TOLD = re.compile(r"(\d+) specifications in ([\d.]+) s")


def recorded() -> np.ndarray:
    """(claims, 3): specifications, distinct analyses, seconds."""
    rows = []
    for path in sorted((ROOT / "results/multiverse").glob("*.json")):
        log = ROOT / f"logs/evaluate_multiverse/{path.stem}.log"
        size, seconds = TOLD.search(log.read_text(encoding="utf-8")).groups()
        rows.append((size, json.loads(path.read_text(encoding="utf-8"))["n_distinct"], seconds))
    return np.array(rows, dtype=float)


def check(claim: str, costs: np.ndarray) -> None:
    """Print measured beside predicted seconds of parts of a claim's multiverse."""
    plan = {
        name: yaml.safe_load((ROOT / f"config/{name}.yaml").read_text(encoding="utf-8"))
        for name in ("config", "outcomes", "claims")
    }
    entry = next(c for c in plan["claims"]["claims"] if c["id"] == claim)
    pool = as_records(store.read_table(ROOT / f"results/evidence/{claim}_variants.csv"))
    for parts in (8, 4, 2, 1):
        began = time.process_time()
        config = plan["config"]
        m = evaluate_claim(entry, pool, plan["outcomes"], config["multiverse"], config, (1, parts))
        said = summarise(m)
        seconds = time.process_time() - began
        size = len(m.paths) * m.grid.n_models
        predicted = float(costs @ [size, said["n_distinct"]])
        print(f"1 of {parts}: {size:,} specifications, {said['n_distinct']:,} distinct: "
              f"{seconds:.2f} s, predicted {predicted:.2f} s")  # fmt: skip


def report(claim: str, nodes: int, cores: int) -> None:
    """Print the costs, the check and what 10⁹ specifications take."""
    rows = recorded()
    costs, _ = nnls(rows[:, :2], rows[:, 2])
    fitted = rows[:, :2] @ costs
    print(f"a specification {costs[0]:.2e} s, a distinct analysis {costs[1]:.2e} s")
    print(f"all claims: {rows[:, 2].sum():.0f} s, by these costs {fitted.sum():.0f} s")
    check(claim, costs)
    share = rows[:, 1].sum() / rows[:, 0].sum()
    for name, distinct in (("as alike as today's", share), ("no two alike", 1.0)):
        hours = 1e9 * float(costs @ [1.0, distinct]) / 3600
        minutes = 60 * hours / (nodes * cores)
        print(f"10^9 specifications, {name} ({distinct:.2%} distinct): {hours:.2f} core hours,")
        print(f"    {minutes:.2f} minutes on {nodes} nodes of {cores} cores")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", default="aerobic_lowers_liver_fat")
    parser.add_argument("--nodes", type=int, default=10)
    parser.add_argument("--cores", type=int, default=32)
    stated = parser.parse_args()
    report(stated.check, stated.nodes, stated.cores)
