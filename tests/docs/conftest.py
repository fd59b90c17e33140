"""The results that the documentation speaks of, written as the workflow writes them."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from liverfit import store
from liverfit.claims.concordance import compare_reviews
from liverfit.claims.overview import overview, verdict_table

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def finished(real_run, tmp_path_factory) -> Path:
    """A project folder: the raw data, and the result files of the real data."""
    root = tmp_path_factory.mktemp("finished")
    (root / "data").symlink_to(ROOT / "data")
    results = root / "results"
    for folder, made in (("harmonized", real_run.harmonized), ("effects", real_run.derived)):
        for part in fields(made):
            store.write_table(results / folder / f"{part.name}.csv", getattr(made, part.name))
    store.write_table(results / "harmonized/ledger.csv", real_run.ledger)
    store.write_table(results / "harmonized/row_flow.csv", real_run.row_flow)
    for claim in real_run.judged:
        store.write_json(results / f"claims/{claim['claim']}.json", claim)
    store.write_table(results / "claims/claims.csv", overview(real_run.judged))
    store.write_text(results / "claims/claims.md", verdict_table(real_run.judged))
    reviews = next(d.tables["reviews"] for d in real_run.datasets if "reviews" in d.tables)
    concordance = compare_reviews(reviews.to_dict("records"), real_run.judged)
    store.write_table(results / "concordance/concordance.csv", concordance)
    return root
