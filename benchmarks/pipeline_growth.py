"""Measure how harmonisation and effects grow with the number of trials.

    python benchmarks/pipeline_growth.py [--times 1 10 100]

Synthetic trials are the real ones under new names, several times over, the printed means of each
moved by one factor. CPU time and the peak of memory, each size in a process of its own; an exponent
is the slope of log time on log trials from one size to the next.

The peak is of the whole process: Python with pandas (some 100 MB), the enlarged input, and all that
either stage holds with its results. The input is let go between the stages, which are two processes
in the pipeline. Copies share the text of cells that are not changed, so that it counts once.
"""

from __future__ import annotations

import argparse
import json
import re
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
NAMES = ("trial_id", "other_trial_id", "cohort_id", "overlaps_with", "doi", "pmid", "registry_id")
PLAIN = re.compile(r"-?\d+(\.\d+)?")


def enlarged(dataset: Dataset, times: int) -> Dataset:
    """The data set with every trial `times` times, each time under another name.

    Curation that names a trial is repeated with it; a name that a spelling is scoped to is not.
    """
    tables = {}
    for name, table in dataset.tables.items():
        if set(NAMES) & set(table):
            copies = (_copy(table, number) for number in range(1, times))
            table = pd.concat([table, *copies], ignore_index=True)
        tables[name] = table
    return replace(dataset, tables=tables)


def _copy(table: pd.DataFrame, number: int) -> pd.DataFrame:
    """The table under new names, the printed means of each trial moved by one factor.

    One factor, since two extractions of one number must stay alike.
    """
    changed = {
        column: table[column].map({v: f"{v}x{number}" if v else v for v in table[column].unique()})
        for column in NAMES
        if column in table
    }
    changed["row_id"] = table["row_id"].str.replace("/", f"-{number}/", n=1)
    if "center" in table:
        rng = np.random.default_rng(number)
        trials = table["trial_id"].unique()
        factors = pd.Series(rng.normal(1, 0.02, len(trials)), index=trials)
        factor = table["trial_id"].map(factors)
        changed["center"] = pd.Series(map(_moved, table["center"], factor), dtype="str")
    return table.assign(**changed)


def _moved(printed: str, factor: float) -> str:
    """The printed number times a factor, with as many decimals; other text as it is."""
    if not PLAIN.fullmatch(printed):
        return printed
    return f"{float(printed) * factor:.{len(printed.partition('.')[2])}f}"


def measure(times: int) -> dict:
    """CPU seconds of both stages, and the peak of memory of this process in MB."""
    plan = {
        name: yaml.safe_load((ROOT / f"config/{name}.yaml").read_text(encoding="utf-8"))
        for name in ("config", "outcomes", "modalities")
    }
    config, folders = plan["config"], sorted((ROOT / "data/raw").glob("*/dataset.yaml"))
    datasets = [load_dataset(path.parent) for path in folders]
    large = [enlarged(d, times) for d in datasets if d.descriptor["format"] in ("arms", "curation")]
    began = time.process_time()
    h = harmonize(large, plan["outcomes"], plan["modalities"], config["harmonize"])
    middle, first_peak = time.process_time(), peak_mb()
    del large  # in the pipeline the two stages are two processes
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
        "harmonise_peak_mb": first_peak,
        "peak_mb": peak_mb(),
    }


def peak_mb() -> float:
    """The peak of this process's memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


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
