"""Measure how harmonisation and effects grow with the number of trials.

    python benchmarks/pipeline_growth.py [--times 1 10 100]

Synthetic trials are the real ones under new names, several times over, every printed mean moved by
a little noise. CPU time and the peak of memory, each size in a process of its own; an exponent is
the slope of log time on log trials from one size to the next.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from liverfit.data.dataset import Dataset, load_dataset
from liverfit.data.harmonize import harmonize
from liverfit.effects.derive import derive_effects

ROOT = Path(__file__).parents[1]
NAMES = ("trial_id", "cohort_id", "overlaps_with", "doi", "pmid", "registry_id")


def enlarged(dataset: Dataset, times: int) -> Dataset:
    """The data set with every trial `times` times, each time under another name."""
    rng = np.random.default_rng(1)
    tables = {}
    for name, table in dataset.tables.items():
        parts = [table]
        for number in range(1, times):
            part = table.copy()
            for column in set(NAMES) & set(part):
                known = part[column].astype(str).str.strip().ne("") & part[column].notna()
                part.loc[known, column] = part.loc[known, column].astype(str) + f"x{number}"
            if "row_id" in part:
                part["row_id"] = part["row_id"].astype(str).str.replace("/", f"-{number}/", n=1)
            if "center" in part and pd.api.types.is_numeric_dtype(part["center"]):
                part["center"] = part["center"] * rng.normal(1.0, 0.02, len(part))
            parts.append(part)
        tables[name] = pd.concat(parts, ignore_index=True)
    return replace(dataset, tables=tables)


def measure(times: int) -> dict:
    """CPU seconds of both stages, and the peak of memory of this process in MB."""
    plan = {
        name: yaml.safe_load((ROOT / f"config/{name}.yaml").read_text(encoding="utf-8"))
        for name in ("config", "outcomes", "modalities")
    }
    config, folders = plan["config"], sorted((ROOT / "data/raw").glob("*/dataset.yaml"))
    datasets = [load_dataset(path.parent) for path in folders]
    large = [
        enlarged(d, times) if d.descriptor["format"] == "arms" else d
        for d in datasets
        if d.descriptor["format"] in ("arms", "curation")
    ]
    began = time.process_time()
    h = harmonize(large, plan["outcomes"], plan["modalities"], config["harmonize"])
    middle = time.process_time()
    derived = derive_effects(
        h.trials, h.arms, h.measurements, h.directions, plan["modalities"], plan["outcomes"],
        config["effects"],
    )  # fmt: skip
    return {
        "times": times,
        "trials": len(h.trials),
        "measurements": len(h.measurements),
        "effects": len(derived.effects),
        "harmonise_s": middle - began,
        "effects_s": time.process_time() - middle,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def run(sizes: list[int]) -> None:
    """Measure every size and print the table and the exponents."""
    rows = []
    for times in sizes:
        command = [sys.executable, __file__, "--one", str(times)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(rows[-1], flush=True)
    for first, last in pairwise(rows):
        grown = np.log(last["trials"] / first["trials"])
        slopes = {
            name: np.log(last[name] / first[name]) / grown
            for name in ("harmonise_s", "effects_s", "peak_mb")
        }
        told = ", ".join(f"{name} {slope:.2f}" for name, slope in slopes.items())
        print(f"exponents from {first['times']}x to {last['times']}x: {told}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    stated = parser.parse_args()
    if stated.one:
        print(json.dumps(measure(stated.one)))
    else:
        run(stated.times)
