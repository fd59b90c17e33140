"""The choices of a claim's multiverse, and the grid of specifications that they span.

A specification takes one option of every choice. Choices about data (which effects, in which
form) come before those about the model, so that a specification is a pair: a data path and a model
path. The first option of a choice is the one of the main analysis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from liverfit.claims.models.common import has_floor

BEFORE, AFTER = ("measure", "correlation", "unresolved_spread"), ("dependence", "leave_out")
MODEL = ("estimator", "test")
BUILT_IN = (*BEFORE, *AFTER, *MODEL)


@dataclass(frozen=True)
class Choice:
    """A named choice; `rules` says for each option of a selection which effects it takes."""

    name: str
    options: tuple[str, ...]
    rules: tuple[dict, ...] = ()


@dataclass(frozen=True)
class Incompatible:
    """Combinations that no one would defend: options by choice, and the reason."""

    when: dict[str, tuple[str, ...]]
    reason: str


@dataclass(frozen=True)
class Grid:
    """All specifications of a claim: the product of its choices.

    Specification number i is data path i // n_models with model path i % n_models; within both
    the last choice varies fastest.
    """

    data: tuple[Choice, ...]
    model: tuple[Choice, ...]
    incompatible: tuple[Incompatible, ...] = ()

    @property
    def choices(self) -> tuple[Choice, ...]:
        return self.data + self.model

    @property
    def n_data(self) -> int:
        """Data paths."""
        return math.prod(len(c.options) for c in self.data)

    @property
    def n_models(self) -> int:
        """Model paths."""
        return math.prod(len(c.options) for c in self.model)

    @property
    def size(self) -> int:
        """Specifications, the incompatible ones among them."""
        return self.n_data * self.n_models

    def data_codes(self, paths: np.ndarray) -> dict[str, np.ndarray]:
        """Option numbers of data paths, by choice."""
        return _codes(self.data, paths)

    def model_codes(self) -> dict[str, np.ndarray]:
        """Option numbers of all model paths, by choice."""
        return _codes(self.model, np.arange(self.n_models))

    def model_paths(self) -> list[dict[str, str]]:
        """All model paths, each as option by choice."""
        codes = self.model_codes()
        return [
            {c.name: c.options[codes[c.name][m]] for c in self.model} for m in range(self.n_models)
        ]

    def ruled_out(self, codes: dict[str, np.ndarray], rule: Incompatible) -> np.ndarray:
        """Which paths have all the options of a rule that concern their choices."""
        n = len(next(iter(codes.values()))) if codes else 1
        hit = np.ones(n, dtype=bool)
        for choice in self.choices:
            if choice.name in rule.when and choice.name in codes:
                wanted = [o in rule.when[choice.name] for o in choice.options]
                hit &= np.array(wanted)[codes[choice.name]]
        return hit


def _codes(choices: tuple[Choice, ...], paths: np.ndarray) -> dict[str, np.ndarray]:
    shape = tuple(len(c.options) for c in choices)
    found = np.unravel_index(paths, shape)
    return {c.name: code for c, code in zip(choices, found, strict=True)}


def grid_of(multiverse: dict, claim: dict, line: dict, models: dict) -> Grid:
    """The grid of a claim's line.

    Parameters
    ----------
    multiverse : the section of that name of the analysis plan
    claim : one entry of config/claims.yaml; its own `multiverse` may leave out choices
        (`without`), give built-in ones other options (`choices`) and add or replace selections
    line : the line as `lines_of` completes it
    models : the section `models` of the plan, whose estimator and test come first
    """
    own = claim.get("multiverse", {})
    without = set(own.get("without", ()))
    options = {**multiverse["choices"], **own.get("choices", {})}
    main = {
        "measure": line["measure"],
        "estimator": models["estimator"],
        "test": main_test(models),
    }
    built_in = {}
    for name in BUILT_IN:
        names = tuple(map(str, options[name]))
        if name in main:
            names = (main[name], *(o for o in names if o != main[name]))
        built_in[name] = Choice(name, names[:1] if name in without else names)
    selections = []
    for name, entry in {**multiverse["selections"], **own.get("selections", {})}.items():
        if name not in without and line["outcome"] in entry.get("outcomes", [line["outcome"]]):
            kinds = entry["options"]
            selections.append(Choice(name, tuple(map(str, kinds)), tuple(kinds.values())))
    return Grid(
        data=(*(built_in[n] for n in BEFORE), *selections, *(built_in[n] for n in AFTER)),
        model=tuple(built_in[n] for n in MODEL),
        incompatible=tuple(_rules(multiverse.get("incompatible", {}), without)),
    )


def main_test(models: dict) -> str:
    """The option of `test` that the main analysis takes."""
    return "knha_floor" if has_floor(models) else models["test"]


def _rules(declared: dict[str, dict], without: set[str]) -> list[Incompatible]:
    """Rules about choices that are made."""
    return [
        Incompatible({k: tuple(map(str, v)) for k, v in rule["when"].items()}, rule["reason"])
        for rule in declared.values()
        if not without & set(rule["when"])
    ]
