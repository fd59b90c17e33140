"""Tables of every treatment against every other, from treatment levels and their covariance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .distributions import norm_critical, norm_two_sided

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Pairs:
    """Estimates and standard errors (T, T) of all pairs, row minus column."""

    treatments: tuple[Any, ...]
    estimate: np.ndarray
    se: np.ndarray
    level: float

    @classmethod
    def of(
        cls, treatments: tuple[Any, ...], level_of: np.ndarray, cov: np.ndarray, level: float
    ) -> Pairs:
        """From the level of each treatment (T,) and their covariance (T, T)."""
        variance = np.diagonal(cov)
        se = np.sqrt(np.maximum(variance[:, None] + variance - 2.0 * cov, 0.0))
        np.fill_diagonal(se, 0.0)
        return cls(treatments, level_of[:, None] - level_of, se, level)

    @property
    def z(self) -> np.ndarray:
        """Estimate over standard error, 0 where the latter is."""
        return np.divide(
            self.estimate, self.se, out=np.zeros_like(self.estimate), where=self.se > 0
        )

    def frame(self, values: np.ndarray) -> pd.DataFrame:
        import pandas as pd

        index = pd.Index(self.treatments)
        return pd.DataFrame(values, index=index, columns=index)


class PairTables:
    """The tables of a result that holds `Pairs`; made when they are first asked for."""

    _pairs: Pairs

    @cached_property
    def effects(self) -> pd.DataFrame:
        """Estimates (T, T), row minus column."""
        return self._pairs.frame(self._pairs.estimate)

    @cached_property
    def standard_errors(self) -> pd.DataFrame:
        """Standard errors (T, T)."""
        return self._pairs.frame(self._pairs.se)

    @cached_property
    def lower(self) -> pd.DataFrame:
        """Lower confidence limits (T, T), normal."""
        half = norm_critical(self._pairs.level) * self._pairs.se
        return self._pairs.frame(self._pairs.estimate - half)

    @cached_property
    def upper(self) -> pd.DataFrame:
        """Upper confidence limits (T, T), normal."""
        half = norm_critical(self._pairs.level) * self._pairs.se
        return self._pairs.frame(self._pairs.estimate + half)

    @cached_property
    def pvalues(self) -> pd.DataFrame:
        """Two-sided p-values (T, T), NaN on the diagonal."""
        p = np.where(np.eye(len(self._pairs.se), dtype=bool), np.nan, norm_two_sided(self._pairs.z))
        return self._pairs.frame(p)
