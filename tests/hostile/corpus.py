"""The mutation corpus: real data sets damaged in thousands of ways, and what the check makes of it.

    python tests/hostile/corpus.py              writes corpus.csv beside this file (half an hour)
    python tests/hostile/corpus.py --only lost_sign wrong_n    renews these classes alone
    python tests/hostile/corpus.py --draw       the figure and the counts of the page from it
    python tests/hostile/corpus.py --seed 7 --each 4    tries other damage; writes nothing

Every mutation damages one thing in six trials of a real data set. It is then

detected   an error, or a warning that was not there before, with its place in the file
set_aside  no finding, but the damaged row is not used, and the ledger says why
harmless   the harmonised tables are the same, or differ in labels only (which are escaped)
silent     another number went in and nothing was said
crash      an exception instead of a finding
"""

from __future__ import annotations

import argparse
import csv
import random
import re
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from case import Case, Place, blocks
from cells import CELLS
from files import FILES

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SEED = 20260101
EACH = 32
FEW = {
    "many_rows": 3,
    "se_labelled_sd": 12,
    "sd_labelled_se": 12,
    "sd_labelled_se_in_a_trial": 12,
    "huge_field": 20,
    "utf16": 20,
    "empty_file": 20,
    "binary_file": 20,
}
MUTATIONS = {**{mutate.__name__: mutate for mutate in FILES}, **CELLS}
OUTCOMES = ("detected", "set_aside", "harmless", "silent", "crash")
COLUMNS = ("mutation", "tried", *OUTCOMES, "errors", "warnings", "at_the_row")
# what only the spreads of many other trials can show is checked beside all of them, at a price
AMONG_ALL = ("se_labelled_sd", "sd_labelled_se", "sd_labelled_se_in_a_trial")
SETS = ("exercise_trials", "hormone_trials", "exerkine_trials")
LABELS = [
    "label", "first_author", "title", "journal", "population", "country", "registry_id", "doi",
    "arm_label", "intensity", "cointervention", "supervised", "notes", "as_reported", "scale_note",
    "method", "printed_center", "printed_spread", "source_rows", "source_url", "extractors",
    "extractor",
]  # fmt: skip


@dataclass
class Judged:
    """What became of one mutation: an outcome, and how it was told."""

    outcome: str
    severity: str = ""
    at_the_row: bool = False
    said: str = ""


class Plan:
    """The project's plan and curation, as the workflow and the check use them."""

    def __init__(self) -> None:
        from liverfit.data.dataset import load_dataset
        from liverfit.data.measurements import outcome_findings, unit_findings
        from liverfit.data.plan import load_yaml

        names = ("outcomes", "modalities", "config")
        self.outcomes, self.modalities, self.config = (
            load_yaml(str(ROOT / f"config/{name}.yaml")) for name in names
        )
        self.curation = load_dataset(ROOT / "data/raw/curation")
        self.whole = [load_dataset(ROOT / "data/raw" / name) for name in SETS]
        spellings = self.curation.tables["normalise"].to_dict("records")
        self.checks = [
            lambda dataset: unit_findings(dataset, spellings, self.outcomes),
            lambda dataset: outcome_findings(dataset, spellings, self.outcomes),
        ]

    def company(self, case: Case, among_all: bool) -> list:
        """Return what stands beside a part: its curation, or all other trials and curation."""
        kept = {row[0] for row in case.tables["trials"][1:]}
        curation = {
            name: table[table["trial_id"].isin(kept)] if "trial_id" in table else table
            for name, table in self.curation.tables.items()
        }
        found = [self.curation if among_all else replace(self.curation, tables=curation)]
        for dataset in self.whole if among_all else ():
            tables = {k: t[~t["trial_id"].isin(kept)] for k, t in dataset.tables.items()}
            found.append(replace(dataset, tables=tables, findings=[]))
        return found


class Base:
    """A part of a real data set as it is: its findings and harmonised tables."""

    def __init__(self, case: Case, plan: Plan, among_all: bool, root: Path) -> None:
        self.case, self.plan = case, plan
        self.company = plan.company(case, among_all)
        self.findings, self.tables, self.fates = look(case.write(root), plan, self.company)


def look(folder: Path, plan: Plan, company: list) -> tuple[list, dict, dict]:
    """Findings of a data set, its harmonised tables ({} where there is an error), fates of rows."""
    from liverfit.data.dataset import load_dataset
    from liverfit.data.findings import DataError
    from liverfit.data.harmonize import harmonize
    from liverfit.data.screening import flagged

    dataset = load_dataset(folder, plan.checks)
    if not dataset.ok:
        return dataset.findings, {}, {}
    together = [dataset, *company]
    try:
        made = harmonize(together, plan.outcomes, plan.modalities, plan.config["harmonize"])
    except DataError as error:
        return [*dataset.findings, *error.findings], {}, {}
    flags = flagged(made, together, plan.outcomes, plan.config)
    findings = dataset.findings + [f for f in flags if Path(f.path).parent.name == folder.name]
    tables = {}
    for name in ("trials", "arms", "measurements", "directions"):
        frame = getattr(made, name)
        kept = [c for c in frame.columns if c not in LABELS]
        rows = frame[kept].astype(object).to_numpy().tolist()
        tables[name] = sorted("|".join(_without_line(str(cell)) for cell in row) for row in rows)
    fates = made.fates.set_index("row_id")["reason"].to_dict() if len(made.fates) else {}
    return findings, tables, fates


def _without_line(cell: str) -> str:
    """A row id without its line, which moves when a line is put in above."""
    return re.sub(r"[a-z_]+/[a-z]+\.csv:\d+", "row", cell)


def judge(base: Base, mutate, rng: random.Random, root: Path) -> Judged | None:
    """Apply one mutation to a part and say what became of it; None where it cannot be applied."""
    case = base.case.copy(rng)
    places: list[Place] | None = mutate(case)
    if places is None or (case.tables == base.case.tables and not _outside(case)):
        return None
    folder = case.write(root)
    try:
        findings, tables, fates = look(folder, base.plan, base.company)
    except Exception as error:
        return Judged("crash", said=f"{type(error).__name__}: {error}")
    before = Counter(_key(f) for f in base.findings)
    new = []
    for finding in findings:
        if before[_key(finding)]:
            before[_key(finding)] -= 1
        else:
            new.append(finding)
    if new:
        severity = "error" if any(f.severity == "error" for f in new) else "warning"
        lines = {(Path(f.path).name, f.line) for f in new}
        named = {name for name, line in places if line is None}
        at_the_row = any(p in lines for p in places) or any(name in named for name, _ in lines)
        return Judged("detected", severity, at_the_row, str(new[0]))
    if tables == base.tables:
        return Judged("harmless")
    rows = [f"{case.name}/{name}:{line}" for name, line in places]
    if any(fates.get(r) and fates.get(r) != base.fates.get(r) for r in rows):
        return Judged("set_aside", said=", ".join(str(fates.get(r)) for r in rows))
    return Judged("silent", said=str(places[0]))


def _outside(case: Case) -> bool:
    """Whether something other than a table's cells was damaged."""
    fresh = Case(case.rng, {})
    return bool(case.files or case.after or case.name != fresh.name) or (
        case.descriptor != fresh.descriptor
    )


def _key(finding) -> tuple:
    return Path(finding.path).name, finding.column, finding.what, finding.severity


@cache
def _plan_and_parts() -> tuple[Plan, list[Case]]:
    return Plan(), [case for name in SETS for case in blocks(ROOT / "data/raw" / name, SEED)]


@cache
def _base(at: int, among_all: bool) -> Base:
    plan, parts = _plan_and_parts()
    with tempfile.TemporaryDirectory() as folder:
        return Base(parts[at], plan, among_all, Path(folder))


def run_one(name: str, each: int, tell: bool = False, seed: int = SEED) -> dict:
    """Judge one class of mutation ``each`` times on random parts; count what became of it."""
    counts, done, among_all = Counter(), 0, name in AMONG_ALL
    for attempt in range(each * 6):
        if done >= min(each, FEW.get(name, each)):
            break
        rng = random.Random(f"{seed}:{name}:{attempt}")
        base = _base(rng.randrange(len(_plan_and_parts()[1])), among_all)
        with tempfile.TemporaryDirectory() as folder:
            judged = judge(base, MUTATIONS[name], rng, Path(folder))
        if judged is None:
            continue
        done += 1
        counts[judged.outcome] += 1
        counts["errors"] += judged.severity == "error"
        counts["warnings"] += judged.severity == "warning"
        counts["at_the_row"] += judged.at_the_row
        if tell and judged.outcome in ("silent", "crash"):
            print(name, attempt, judged.outcome, judged.said, file=sys.stderr, flush=True)
    if tell:
        print(name, dict(counts), file=sys.stderr, flush=True)
    return {"mutation": name, "tried": done, **{c: counts[c] for c in COLUMNS[2:]}}


def main() -> None:
    """Run the corpus, or draw it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--draw", action="store_true", help="figure and page from corpus.csv")
    parser.add_argument("--each", type=int, default=EACH, help="mutations of each class")
    parser.add_argument("--only", nargs="*", choices=MUTATIONS, help="classes; all by default")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--seed", type=int, default=SEED, help="another seed: nothing is written")
    parser.add_argument("--tell", action="store_true", help="print each mutation that got through")
    options = parser.parse_args()
    if options.draw:
        from draw import draw
        from page import renew

        draw(HERE / "corpus.csv", ROOT / "docs/images/mutations.svg")
        renew(ROOT / "docs/bad-input.md", committed())
        return

    names = options.only or list(MUTATIONS)
    work = partial(run_one, each=options.each, tell=options.tell, seed=options.seed)
    with ProcessPoolExecutor(options.jobs) as pool:
        rows = list(pool.map(work, names))
    trial = (options.seed, options.each) != (SEED, EACH)
    if options.only and not trial:
        fresh = {row["mutation"]: row for row in rows}
        rows = [fresh.get(row["mutation"], row) for row in committed()]
    with nullcontext(sys.stdout) if trial else (HERE / "corpus.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def committed() -> list[dict]:
    """Return the rows of corpus.csv, counts as int."""
    with (HERE / "corpus.csv").open(newline="", encoding="utf-8") as file:
        return [
            {k: v if k == "mutation" else int(v) for k, v in row.items()}
            for row in csv.DictReader(file)
        ]


if __name__ == "__main__":
    main()
