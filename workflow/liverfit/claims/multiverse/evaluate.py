"""A claim's multiverse: every specification of its grid, evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from liverfit.claims.lines import lines_of
from liverfit.claims.multiverse.choices import Grid, grid_of
from liverfit.claims.multiverse.fits import Fits, fit_sets
from liverfit.claims.multiverse.sets import EffectSet, resolve
from liverfit.claims.multiverse.verdicts import NONE, covers, verdicts

NO_TRIALS = "no trial is left"
TOO_FEW = "fewer trials than the claim needs"
NOT_FITTED = "the model could not be fitted, or its interval has no width"
NO_MARGIN = "no margin is declared on this scale"


@dataclass(frozen=True)
class Multiverse:
    """A slice of a claim's specifications: data paths, each with all model paths.

    Attributes
    ----------
    line : the line that is evaluated
    grid : its choices
    minimum_trials : trials below which a specification is infeasible
    paths : (n,) the data paths of the slice
    index : (n,) the set of effects of each
    sets : the distinct sets
    fits : (sets, model paths) arrays
    verdict : (sets, model paths) numbers of `verdicts.WORDS`
    met : where each set is met first (`Resolved.met`), which is the order of the sets
    """

    line: dict
    grid: Grid
    minimum_trials: int
    paths: np.ndarray
    index: np.ndarray
    sets: list[EffectSet]
    fits: Fits
    verdict: np.ndarray
    met: list[tuple[str, int]]

    @cached_property
    def codes(self) -> dict[str, np.ndarray]:
        """Option numbers of the data paths, by choice."""
        return self.grid.data_codes(self.paths)

    @cached_property
    def barred(self) -> np.ndarray:
        """(data paths, rules) whether the data options of an incompatibility are there."""
        hits = [self.grid.ruled_out(self.codes, rule) for rule in self.grid.incompatible]
        return np.array(hits, dtype=bool).reshape(-1, len(self.paths)).T

    @cached_property
    def barred_models(self) -> np.ndarray:
        """(rules, model paths) whether the model options of an incompatibility are there."""
        codes = self.grid.model_codes()
        hits = [self.grid.ruled_out(codes, rule) for rule in self.grid.incompatible]
        return np.array(hits, dtype=bool).reshape(-1, self.grid.n_models)

    @cached_property
    def groups(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Data paths that fare alike: set and rules of each group, the group of each path."""
        weights = 1 << np.arange(self.barred.shape[1])
        key = self.index.astype(np.int64) * (1 << self.barred.shape[1]) + self.barred @ weights
        _, first, group = np.unique(key, return_index=True, return_inverse=True)
        return self.index[first], self.barred[first], np.ravel(group)

    @cached_property
    def reasons(self) -> np.ndarray:
        """(groups, model paths) number of the reason in `why`; 0 where feasible."""
        of_group, rules, _ = self.groups
        trials = np.array([s.n_trials for s in self.sets], dtype=int)[of_group][:, None]
        done, word = self.fits.done[of_group], self.verdict[of_group]
        n = len(self.grid.incompatible)
        out = np.where(word == NONE, n + 4, 0)
        out[~done] = n + 3
        out = np.where(trials < self.minimum_trials, n + 2, out)
        out = np.where(trials == 0, n + 1, out)
        for r in range(n - 1, -1, -1):
            out = np.where(rules[:, [r]] & self.barred_models[r], r + 1, out)
        return out

    @property
    def why(self) -> tuple[str, ...]:
        """Reasons for infeasibility by number."""
        declared = [rule.reason for rule in self.grid.incompatible]
        return "", *declared, NO_TRIALS, TOO_FEW, NOT_FITTED, NO_MARGIN


def evaluate(
    pool: list[dict],
    line: dict,
    grid: Grid,
    margins: dict,
    models: dict,
    paths: np.ndarray | None = None,
) -> Multiverse:
    """Evaluate specifications: a pure function of the slice of data paths it is given.

    Parameters
    ----------
    pool : effects of the line in every variant (`select_variants`)
    line : the line as `lines_of` completes it, with its minimum of trials
    grid : its choices (`grid_of`)
    margins : smallest effect of interest by measure
    models : the section `models` of the plan
    paths : numbers of data paths; all of them when left out
    """
    paths = np.arange(grid.n_data) if paths is None else np.asarray(paths)
    found = resolve(pool, line, grid, paths)
    fits = fit_sets(found.sets, grid, line["minimum_trials"], models["level"])
    verdict = verdicts(fits, found.sets, line, margins, models["level"])
    return Multiverse(
        line, grid, line["minimum_trials"], paths, found.index, found.sets, fits, verdict, found.met
    )


def evaluate_claim(
    claim: dict,
    pool: list[dict],
    outcomes: dict,
    multiverse: dict,
    settings: dict,
    share: tuple[int, int] = (1, 1),
) -> Multiverse:
    """The multiverse of a claim: that of its primary line with most trials in the pool.

    Lines whose own model pools effects come before those that ask for another model.

    Parameters
    ----------
    claim : one entry of config/claims.yaml
    pool : rows of `select_variants`
    outcomes : contents of config/outcomes.yaml
    multiverse : the section of that name of the analysis plan
    settings : the sections `models` and `verdict` of the plan
    share : (i, n) to evaluate part i of n alone; `chunks.gathered` puts the parts together
    """
    line, grid = line_and_grid(claim, pool, outcomes, multiverse, settings)
    rows = [e for e in pool if e["line"] == line["name"]]
    margins = margins_of(claim, line, outcomes)
    return evaluate(rows, line, grid, margins, settings["models"], share_of(grid.n_data, *share))


def share_of(count: int, part: int, parts: int) -> np.ndarray:
    """Part 1, 2, … of the numbers below `count`, in parts of nearly equal size."""
    return np.arange(count * (part - 1) // parts, count * part // parts)


def line_and_grid(
    claim: dict, pool: list[dict], outcomes: dict, multiverse: dict, settings: dict
) -> tuple[dict, Grid]:
    """The line that a claim's multiverse is of, and its choices."""
    primary = [line for line in lines_of(claim, outcomes) if line["role"] == "primary"]
    primary = [line for line in primary if covers(line)] or primary
    trials = [len({e["trial_id"] for e in pool if e["line"] == p["name"]}) for p in primary]
    line = primary[int(np.argmax(trials))]
    needed = line["minimum_trials"] or settings["verdict"]["minimum_trials"]
    line = {**line, "minimum_trials": needed}
    return line, grid_of(multiverse, claim, line, settings["models"])


def margins_of(claim: dict, line: dict, outcomes: dict) -> dict[str, float | None]:
    """Smallest effect of interest of a line on every measure."""
    declared = next(x for x in claim["lines"] if x["name"] == line["name"])
    out = {}
    for measure in ("MD", "SMD", "ROM"):
        other = {**declared, "measure": measure}
        if measure != line["measure"]:
            other.pop("margin", None)
        out[measure] = lines_of({**claim, "lines": [other]}, outcomes)[0]["margin"]
    return out
