"""Remote tables in a run: the mirror, a table that cannot be had, a review pooled again."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from conftest import ROOT
from liverfit import store
from liverfit.data.registry import write_checksums

sys.path.append(str(Path(__file__).resolve().parents[1] / "data"))
from format_parts import COLUMNS, WIDE, WIDE_ROWS

pytestmark = pytest.mark.slow

# Baker 2024 and Stine 2022, as data/raw has them
STINE = "Stine 2022,MRI-PDFF,20,,aerobic,18,,,,,-4.7,5.6,10,,,,,1.2,2.8"
TABLE = ("\n".join([COLUMNS, WIDE_ROWS[0], STINE]) + "\n").encode()
REPRODUCES = """\
optional: true
reproduces:
  review: Somebody 2020
  doi: 10.1000/x
  measure: MD
  estimator: DL
  outcomes: [{ outcome: liver_fat, printed: -3.44 }]
"""


def remote_set(root: Path, name: str, more: str = "") -> Path:
    """A wide data set whose table is nowhere near."""
    folder = root / "data/raw" / name
    folder.mkdir()
    digest = hashlib.sha256(TABLE).hexdigest()
    source = f"source: {{ url: 'http://127.0.0.1:9/wide.csv', sha256: '{digest}' }}"
    described = WIDE.replace("encoding: utf-8 }", f"encoding: utf-8, {source} }}") + more
    (folder / "dataset.yaml").write_text(described)
    write_checksums(folder)
    return folder


def test_a_table_that_cannot_be_had_stops_or_is_skipped(project):
    remote_set(project.root, "faraway")
    done = project.snakemake("results/harmonized/trials.csv")
    assert done.returncode != 0
    text = done.stdout + done.stderr
    assert "data/raw/faraway/dataset.yaml:9: files.wide.source: the table cannot be had" in text
    assert "Traceback" not in text
    done = project.snakemake("results/harmonized/trials.csv", "--config", "on_invalid=skip")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "faraway is left out" in (project.root / "logs/harmonize.log").read_text()
    trials = store.read_table(project.root / "results/harmonized/trials.csv")
    assert set(trials["trial_id"]) == {"alpha2015", "beta2016", "gamma2017"}
    assert list((project.root / "resources").rglob("*.csv")) == []


def test_the_mirror_is_enough_and_the_review_is_never_pooled(project):
    remote_set(project.root, "review", REPRODUCES)
    assert "review" not in project.snakemake("-n", "--quiet").stdout
    mirror = project.root / "copies/review"
    mirror.mkdir(parents=True)
    (mirror / "wide.csv").write_bytes(TABLE)
    target = "results/concordance/reproduction.csv"
    plan = ("--config", "mirror=copies", "with_optional=[review]")
    done = project.snakemake(target, "results/harmonized/trials.csv", *plan)
    assert done.returncode == 0, done.stdout + done.stderr
    table = store.read_table(project.root / target)
    # −1.3 (variance 4.9²/73 + 7.2²/71) and −5.9 (5.6²/18 + 2.8²/10); tau² 8.79
    assert table["estimate"].tolist() == [pytest.approx(-3.440, abs=1e-3)]
    assert table["agrees"].tolist() == [True]
    trials = store.read_table(project.root / "results/harmonized/trials.csv")
    assert set(trials["trial_id"]) == {"alpha2015", "beta2016", "gamma2017"}


def test_the_project_names_no_mirror():
    assert "mirror: null" in (ROOT / "config/config.yaml").read_text()
