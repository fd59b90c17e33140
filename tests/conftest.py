"""What tests of several parts share."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import Run, run_pipeline


@pytest.fixture(scope="session")
def real_run() -> Run:
    """The pipeline on the project's own data and plan, run once a session."""
    return run_pipeline(Path(__file__).resolve().parents[1])
