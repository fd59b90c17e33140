"""The results that the documentation speaks of, written as the workflow writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from liverfit import store
from liverfit.claims.concordance import compare_reviews
from pipeline import write_results

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def finished(real_run, tmp_path_factory) -> Path:
    """A project folder: the raw data, and the result files of the real data."""
    root = tmp_path_factory.mktemp("finished")
    (root / "data").symlink_to(ROOT / "data")
    results = root / "results"
    write_results(real_run, results)
    reviews = next(d.tables["reviews"] for d in real_run.datasets if "reviews" in d.tables)
    concordance = compare_reviews(reviews.to_dict("records"), real_run.judged)
    store.write_table(results / "concordance/concordance.csv", concordance)
    return root
