"""From data paths to sets of effects: which effects each path pools, and in which form.

Many paths end in the same set. Paths are worked on as rows of a boolean table (path by effect);
only the distinct rows are looked at one by one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from liverfit.claims.covariance import one_effect_a_trial
from liverfit.claims.evidence import one_trial_a_cohort
from liverfit.claims.models.factorial import cell_contrasts
from liverfit.claims.multiverse.choices import Choice, Grid
from liverfit.effects.readings import variant

THREE_LEVEL, AGGREGATED, MOST_PRECISE, SPLIT = (
    "three_level", "aggregated", "most_precise", "shared_arm_split",
)  # fmt: skip


@dataclass(frozen=True)
class EffectSet:
    """What one model is fitted to.

    Attributes
    ----------
    measure : of the effects
    yi, vi : as the model takes them, after the choice of dependence
    n_trials, n_effects : trials, and effects (contrasts) before any were put together
    three_level : whether trials give several effects that a three-level model keeps apart
    effects : the effects as selected, in order of their ids
    """

    measure: str
    yi: tuple[float, ...]
    vi: tuple[float, ...]
    n_trials: int
    n_effects: int
    three_level: bool
    effects: tuple[dict, ...] = field(repr=False, compare=False)


@dataclass(frozen=True)
class Resolved:
    """Sets of a slice of data paths: path i of the slice pools `sets[index[i]]`.

    `met` orders the sets of a claim the same in every slice: the selection of effects, as bytes
    in hexadecimal digits, and the choices of dependence and omission that gave each set first.
    """

    sets: list[EffectSet]
    index: np.ndarray
    met: list[tuple[str, int]]


def resolve(pool: list[dict], line: dict, grid: Grid, paths: np.ndarray) -> Resolved:
    """The distinct sets of effects of some data paths.

    Parameters
    ----------
    pool : effects of the line in every variant (`select_variants`)
    line : the line as `lines_of` completes it
    grid : its choices
    paths : (n,) numbers of data paths

    Returns
    -------
    Resolved
        depends on the pool's content alone, not on the order of its rows.
    """
    pool = sorted(pool, key=lambda e: (e["effect_id"], e["variants"]))
    measures, dependences, omissions = (grid.data[i].options for i in (0, -2, -1))
    ends = len(dependences) * len(omissions)
    # the last two choices select nothing: look at what comes before them once
    heads, of_path = np.unique(paths // ends, return_inverse=True)
    codes = grid.data_codes(heads * ends)
    key = np.column_stack(
        [codes["measure"].astype(np.uint8), np.packbits(_taken(pool, line, grid, codes), axis=1)]
    )
    distinct, of_head = np.unique(key, axis=0, return_inverse=True)
    sets: dict[EffectSet, int] = {}
    met: list[tuple[str, int]] = []
    number = np.empty((len(distinct), ends), dtype=np.int32)
    for i, (m, *bits) in enumerate(distinct):
        rows = np.unpackbits(np.array(bits, dtype=np.uint8), count=len(pool))
        effects = _selected([pool[j] for j in np.flatnonzero(rows)], line)
        for end in range(ends):
            dependence, leave_out = divmod(end, len(omissions))
            made = effect_set(effects, measures[m], dependences[dependence], omissions[leave_out])
            number[i, end] = sets.setdefault(made, len(sets))
            if len(sets) > len(met):
                met.append((distinct[i].tobytes().hex(), end))
    return Resolved(list(sets), number[np.ravel(of_head)[np.ravel(of_path)], paths % ends], met)


def _taken(pool: list[dict], line: dict, grid: Grid, codes: dict) -> np.ndarray:
    """(paths, effects): whether a path takes an effect."""
    n = len(codes["measure"])
    if not pool:
        return np.zeros((n, 0), dtype=bool)
    fixed = dict(line["where"])
    chosen = [r for c in grid.data for r in c.rules if "weight_stable" in r]
    if chosen:
        fixed.pop("weight_stable", None)
    always = np.array([all(e[c] in v for c, v in fixed.items()) for e in pool], dtype=bool)
    out = np.tile(always, (n, 1))
    by_name = {c.name: c for c in grid.data}
    names = [set(e["variants"].split(";")) for e in pool]
    correlations, spreads = by_name["correlation"].options, by_name["unresolved_spread"].options
    tables = {
        "measure": [[e["measure"] == m for e in pool] for m in by_name["measure"].options],
        **{c.name: _table(c, pool) for c in grid.data if c.rules},
    }
    for name, table in tables.items():
        out &= np.array(table, dtype=bool)[codes[name]]
    read = np.array(
        [[[variant(r, s) in held for held in names] for s in spreads] for r in correlations],
        dtype=bool,
    )
    out &= read[codes["correlation"], codes["unresolved_spread"]]
    return out


def _table(choice: Choice, pool: list[dict]) -> list[list[bool]]:
    return [[belongs(e, rule) for e in pool] for rule in choice.rules]


def belongs(effect: dict, rule: dict) -> bool:
    """Whether an option of a selection takes an effect.

    `keep` names columns and the values of which the effect must have one, `drop` those of which
    it must have none (a cell may hold several, joined by `;`). `weight_stable` is a definition:
    the weight difference, where numbers tell it, below `margin` percent; and where only words
    tell of no change, whether these count (`words`). Without a margin numbers never count.
    """
    for column, values in rule.get("keep", {}).items():
        if not _values(effect, column) & set(values):
            return False
    for column, values in rule.get("drop", {}).items():
        if _values(effect, column) & set(values):
            return False
    if "weight_stable" in rule:
        return _weight_stable(effect, **rule["weight_stable"])
    return True


def _values(effect: dict, column: str) -> set[str]:
    return set(str(effect.get(column, "")).split(";"))


def _weight_stable(effect: dict, margin: float | None = None, words: bool = False) -> bool:
    percent = effect["weight_change_percent"]
    if percent is not None:
        return margin is not None and abs(percent) < margin
    return words and effect["weight_evidence"] == "words" and effect["weight_stable"] == "yes"


def _selected(effects: list[dict], line: dict) -> list[dict]:
    kept, _ = one_trial_a_cohort(effects)
    if line["model"] == "interaction":
        return cell_contrasts(kept, line, "interaction")
    return kept


def effect_set(effects: list[dict], measure: str, dependence: str, leave_out: str) -> EffectSet:
    """The effects of a path in the form that its choices of dependence and omission give them."""
    effects = _without(effects, leave_out)
    trials = {e["trial_id"] for e in effects}
    several = len(trials) < len(effects)
    formed = effects
    if several:
        formed = FORMS[dependence](effects)
    return EffectSet(
        measure,
        tuple(e["yi"] for e in formed),
        tuple(e["vi"] for e in formed),
        len(trials),
        len(effects),
        several and dependence == THREE_LEVEL,
        tuple(effects),
    )


def _without(effects: list[dict], leave_out: str) -> list[dict]:
    """Without the trial that weighs most, or that lies furthest from the others' mean in SEs."""
    if leave_out == "none" or len({e["trial_id"] for e in effects}) < 2:
        return effects
    trials = sorted(one_effect_a_trial(effects), key=lambda t: t["trial_id"])
    if leave_out == "most_precise":
        out = min(trials, key=lambda t: t["vi"])
    else:
        out = max(trials, key=lambda t: _distance(t, trials))
    return [e for e in effects if e["trial_id"] != out["trial_id"]]


def _distance(trial: dict, trials: list[dict]) -> float:
    """Deleted residual under the common-effect model, in standard errors."""
    others = [t for t in trials if t is not trial]
    weight = sum(1 / t["vi"] for t in others)
    mean = sum(t["yi"] / t["vi"] for t in others) / weight
    return abs(trial["yi"] - mean) / (trial["vi"] + 1 / weight) ** 0.5


def split_shared_arms(effects: list[dict]) -> list[dict]:
    """Effects as independent ones, an arm in several of them with its people divided evenly.

    Cochrane Handbook 23.3.4: the arm's part of the variance counts as often as it is used.
    """
    uses = Counter(key for e in effects for key in _arms(e))
    out = []
    for e in effects:
        arm, comparator = (uses[key] for key in _arms(e))
        out.append({**e, "vi": arm * e["v_arm"] + comparator * e["v_comparator"]})
    return out


def _arms(e: dict) -> tuple[tuple, tuple]:
    return (e["trial_id"], e["arm_id"]), (e["trial_id"], e["comparator_arm_id"])


def most_precise(effects: list[dict]) -> list[dict]:
    """Of each trial the effect of smallest variance."""
    best: dict[str, dict] = {}
    for e in effects:
        if e["trial_id"] not in best or e["vi"] < best[e["trial_id"]]["vi"]:
            best[e["trial_id"]] = e
    return list(best.values())


FORMS = {
    THREE_LEVEL: list,
    AGGREGATED: one_effect_a_trial,
    MOST_PRECISE: most_precise,
    SPLIT: split_shared_arms,
}
