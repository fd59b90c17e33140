"""Random streams by name, so that no number depends on what else is drawn, or in which order."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(*names: object) -> np.random.Generator:
    """A random stream by name, the same on every machine and for any division of the work."""
    digest = hashlib.sha256(":".join(map(str, names)).encode()).digest()
    return np.random.default_rng(np.frombuffer(digest, dtype=np.uint32))
