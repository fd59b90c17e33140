"""Which choice moves the answer most: an analysis of variance over all feasible specifications."""

from __future__ import annotations

import numpy as np

from liverfit.claims.multiverse.evaluate import Multiverse


def explained(m: Multiverse, weight: np.ndarray, agrees: np.ndarray) -> tuple[dict, dict]:
    """Shares by option, and η² of every choice for the estimate and for the agreement.

    Two-part linear model: main effects of all choices, fitted to every feasible specification.
    η² is the type-II sum of squares of a choice over the total one. Estimates are standardised
    within their measure, whose units differ, so that `measure` itself explains agreement only.
    Infeasible specifications leave holes in the grid, so that the parts need not add up.

    Parameters
    ----------
    m : the multiverse
    weight : (groups, model paths) number of feasible specifications
    agrees : (groups, model paths) whether they agree with the claim

    Returns
    -------
    options : {choice: {option: {n_feasible, share_agrees}}}
    variance : {estimate | agreement: {choice: η²}, and R² of all choices together}
    """
    totals = _Totals(m, weight)
    y = {"estimate": _standardised(m, weight), "agreement": agrees.astype(float)}
    sums = totals.of(y["agreement"])
    options, at = {}, 0
    for choice in m.grid.choices:
        part = slice(at, at + len(choice.options))
        counts = totals.counts[part]
        options[choice.name] = {
            option: {
                "n_feasible": int(c),
                "share_agrees": float(s / c) if c else None,
            }
            for option, c, s in zip(choice.options, counts, sums[part], strict=True)
        }
        at = part.stop
    return options, {name: totals.anova(values) for name, values in y.items()}


def _standardised(m: Multiverse, weight: np.ndarray) -> np.ndarray:
    """Estimates with mean 0 and SD 1 within each measure; 0 where infeasible."""
    of_group = m.groups[0]
    estimate = np.where(weight > 0, np.nan_to_num(m.fits.estimate[of_group]), 0.0)
    measure = np.array([m.sets[s].measure for s in of_group])
    out = np.zeros_like(estimate)
    for name in np.unique(measure):
        rows = measure == name
        w, y = weight[rows], estimate[rows]
        if w.sum():
            mean = (w * y).sum() / w.sum()
            sd = np.sqrt((w * (y - mean) ** 2).sum() / w.sum())
            out[rows] = (y - mean) / sd if sd > 1e-12 * abs(mean) else 0.0
    return np.where(weight > 0, out, 0.0)


def _clear(share: float) -> float:
    """0 for a share that is rounding error, so that no machine's last digit is told."""
    return share if share > 1e-9 else 0.0


class _Totals:
    """Cross-products of option indicators over feasible specifications, without listing these."""

    def __init__(self, m: Multiverse, weight: np.ndarray):
        self.m = m
        of_group, _, self.group = m.groups
        self.paths = np.bincount(self.group, minlength=len(of_group))
        self.feasible = (weight > 0).astype(float)
        self.model_codes = m.grid.model_codes()
        self.tables = {c.name: self._table(c) for c in m.grid.data}
        self.weight = weight
        self.cross = self._cross()
        self.counts = np.diag(self.cross)

    def _table(self, choice) -> np.ndarray:
        """(options, groups) number of data paths."""
        n = len(self.paths)
        key = self.m.codes[choice.name] * n + self.group
        return np.bincount(key, minlength=len(choice.options) * n).reshape(-1, n).astype(float)

    def _cross(self) -> np.ndarray:
        grid = self.m.grid
        per_path = self.feasible.sum(axis=1)[self.group]  # feasible models of each data path
        blocks: dict[tuple[str, str], np.ndarray] = {}
        for i, a in enumerate(grid.data):
            for b in grid.data[i:]:
                nb = len(b.options)
                key = self.m.codes[a.name] * nb + self.m.codes[b.name]
                counts = np.bincount(key, weights=per_path, minlength=len(a.options) * nb)
                blocks[a.name, b.name] = counts.reshape(-1, nb)
            by_model = self.tables[a.name] @ self.feasible
            for b in grid.model:
                blocks[a.name, b.name] = by_model @ self._indicator(b)
        per_model = self.weight.sum(axis=0).astype(float)
        for i, a in enumerate(grid.model):
            for b in grid.model[i:]:
                blocks[a.name, b.name] = self._indicator(a).T @ (
                    per_model[:, None] * self._indicator(b)
                )
        names = [c.name for c in grid.choices]
        return np.block(
            [[blocks[a, b] if (a, b) in blocks else blocks[b, a].T for b in names] for a in names]
        )

    def _indicator(self, choice) -> np.ndarray:
        return np.eye(len(choice.options))[self.model_codes[choice.name]]

    def of(self, y: np.ndarray) -> np.ndarray:
        """Sums of y (groups, models) by option."""
        y = y * self.feasible
        parts = [self.tables[c.name] @ y.sum(axis=1) for c in self.m.grid.data]
        by_model = (self.paths[:, None] * y).sum(axis=0)
        parts += [self._indicator(c).T @ by_model for c in self.m.grid.model]
        return np.concatenate(parts)

    def anova(self, y: np.ndarray) -> dict:
        """η² of every choice (type II), and R² of all."""
        n = float(self.weight.sum())
        mean = float((self.weight * y).sum() / n)
        y = (y - mean) * self.feasible
        total = float((self.weight * y**2).sum())
        if total <= 1e-12 * n:
            return {"choices": {c.name: 0.0 for c in self.m.grid.choices}, "r2": None}
        sums = self.of(y)
        groups = [np.full(len(c.options), i) for i, c in enumerate(self.m.grid.choices)]
        member = np.concatenate(groups)
        full = self._regression(sums, np.ones(len(member), dtype=bool))
        parts = {
            c.name: _clear((full - self._regression(sums, member != i)) / total)
            for i, c in enumerate(self.m.grid.choices)
        }
        return {"choices": parts, "r2": full / total}

    def _regression(self, sums: np.ndarray, use: np.ndarray) -> float:
        """Sum of squares of y that the indicators in use explain (y has mean zero)."""
        a, b = self.cross[np.ix_(use, use)], sums[use]
        return float(b @ np.linalg.lstsq(a, b, rcond=1e-10)[0]) if use.any() else 0.0
