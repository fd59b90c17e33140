"""The explorer that the tests of its pages and those in a browser look at."""

from __future__ import annotations

import pytest
from explorer_parts import Explorer, make_explorer


@pytest.fixture(scope="session")
def explorer(tmp_path_factory) -> Explorer:
    """Built once a session from three made-up trials with hostile words."""
    return make_explorer(tmp_path_factory.mktemp("explorer") / "project")
