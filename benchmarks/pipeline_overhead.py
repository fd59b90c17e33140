"""Measure what the workflow costs beyond its computing.

    python benchmarks/pipeline_overhead.py [--cores 2] [--project tests/fixtures/three_trials]

Runs the workflow in a temporary copy of the project, then again with nothing to do. Prints the wall
time beside the sum of what its scripts spent on their work (the last line of each log) and on the
whole (Snakemake's benchmarks, which include the start), the start of every script (CPU time of its
imports), and the time of `snakemake --version`. --project lays other data and claims over the plan.
"""

from __future__ import annotations

import argparse
import ast
import csv
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
PARTS = ("workflow", "profiles", "config", "data", "notebooks")
DONE = re.compile(r"^INFO done in ([\d.]+) s$", re.MULTILINE)


def timed(*command: str, cwd: Path = ROOT) -> tuple[float, float]:
    """Wall and CPU seconds of a command, its children included."""
    wall, before = time.perf_counter(), psutil.Process().cpu_times()
    subprocess.run([sys.executable, *command], cwd=cwd, check=True, capture_output=True)
    after = psutil.Process().cpu_times()
    cpu = after.children_user + after.children_system
    return time.perf_counter() - wall, cpu - before.children_user - before.children_system


def copied(folder: Path, project: Path | None) -> Path:
    """The project without results, with the data and claims of `project` in place of its own."""
    root = folder / "project"
    for name in PARTS:
        if not (project and name == "data"):
            ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
            shutil.copytree(ROOT / name, root / name, ignore=ignored)
    shutil.copy(ROOT / "Snakefile", root)
    if project:
        shutil.copytree(project, root, dirs_exist_ok=True)
    return root


def imports_of(script: Path) -> str:
    """The import statements of a script, as a program."""
    tree = ast.parse(script.read_text(encoding="utf-8"))
    kept = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    return "\n".join(map(ast.unparse, kept))


def starts(repeats: int = 3) -> dict[str, float]:
    """CPU seconds of starting Python with the imports of each script, the least of some runs."""
    scripts = sorted((ROOT / "workflow/scripts").glob("*.py"))
    return {
        script.stem: min(timed("-c", imports_of(script))[1] for _ in range(repeats))
        for script in scripts
    }


def spent(root: Path) -> dict[str, list[float]]:
    """Jobs, seconds of work and seconds in all of each rule."""
    rules: dict[str, list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
    for path in (root / "logs/benchmarks").rglob("*.tsv"):
        name = path.relative_to(root / "logs/benchmarks").parts[0].removesuffix(".tsv")
        log = root / "logs" / path.relative_to(root / "logs/benchmarks").with_suffix(".log")
        with path.open(newline="", encoding="utf-8") as file:
            whole = sum(float(row["s"]) for row in csv.DictReader(file, delimiter="\t"))
        work = sum(map(float, DONE.findall(log.read_text(encoding="utf-8"))))
        rules[name] = [a + b for a, b in zip(rules[name], (1, work, whole), strict=True)]
    return dict(rules)


def report(cores: int, project: Path | None) -> None:
    """Run, and print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        root = copied(Path(folder), project)
        wall, cpu = timed("-m", "snakemake", "--cores", str(cores), cwd=root)
        rules = spent(root)
        nothing = timed("-m", "snakemake", "--cores", str(cores), cwd=root)
    version = timed("-m", "snakemake", "--version")
    jobs, work, whole = (sum(column) for column in zip(*rules.values(), strict=True))
    print(f"{'rule':28}{'jobs':>5}{'work, s':>10}{'in all, s':>10}")
    for name, row in sorted(rules.items(), key=lambda item: -item[1][2]):
        print(f"{name:28}{row[0]:5.0f}{row[1]:10.1f}{row[2]:10.1f}")
    print(f"{jobs:.0f} jobs on {cores} cores: {wall:.1f} s, CPU {cpu:.1f} s")
    print(f"sum of the scripts' work {work:.1f} s, of the scripts in all {whole:.1f} s")
    print(f"wall time x cores / work: {wall * cores / work:.1f}; CPU / work: {cpu / work:.1f}")
    print(f"nothing to do: {nothing[0]:.1f} s, CPU {nothing[1]:.1f} s")
    print(f"snakemake --version: {version[0]:.1f} s, CPU {version[1]:.1f} s")
    print(f"start of Python: {timed('-c', 'pass')[1]:.2f} s; of each script, CPU:")
    for name, seconds in sorted(starts().items(), key=lambda item: -item[1]):
        print(f"{name:28}{seconds:10.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--project", type=Path)
    stated = parser.parse_args()
    report(stated.cores, stated.project)
