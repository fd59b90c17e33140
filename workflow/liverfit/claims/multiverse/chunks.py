"""Parts of a claim's multiverse: evaluated apart, kept in files, put together again.

The whole is the same to the last bit in however many parts it was evaluated: a fit depends on its
set of effects alone, and sets keep the order in which the whole would meet them.
"""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from liverfit import store
from liverfit.claims.multiverse.choices import Grid
from liverfit.claims.multiverse.evaluate import Multiverse
from liverfit.claims.multiverse.fits import Fits
from liverfit.claims.multiverse.sets import EffectSet

NUMBERS = tuple(f.name for f in fields(Fits))


def write_chunk(path: str | Path, m: Multiverse) -> None:
    """Write a part: its data paths, the sets of effects they end in, and their fits."""
    effects: dict[str, int] = {}
    sets = []
    for made, (selection, end) in zip(m.sets, m.met, strict=True):
        known = [
            effects.setdefault(json.dumps(e, sort_keys=True), len(effects)) for e in made.effects
        ]
        plain = {f.name: getattr(made, f.name) for f in fields(EffectSet)}
        sets.append({**plain, "effects": known, "met": [selection, end]})
    text = json.dumps({"sets": sets, "effects": [json.loads(e) for e in effects]})
    with store.atomic(path) as beside:
        np.savez_compressed(
            beside,
            ends=np.array([m.paths[0], m.paths[-1] + 1] if len(m.paths) else [0, 0]),
            index=m.index,
            verdict=m.verdict,
            text=np.frombuffer(text.encode(), dtype=np.uint8),
            **{name: getattr(m.fits, name) for name in NUMBERS},
        )


def read_chunk(path: str | Path, line: dict, grid: Grid) -> Multiverse:
    """Read a part that `write_chunk` wrote, of the line and grid that it was evaluated with.

    Raises
    ------
    StoreError
        when the file is missing or is not what was written.
    """
    with np.load(store.verify(path), allow_pickle=False) as kept:
        held = {name: kept[name] for name in kept.files}
    told = json.loads(held["text"].tobytes())
    sets, met = [], []
    for entry in told["sets"]:
        met.append(tuple(entry.pop("met")))
        effects = tuple(told["effects"][i] for i in entry.pop("effects"))
        numbers = {name: tuple(entry.pop(name)) for name in ("yi", "vi")}
        sets.append(EffectSet(**entry, **numbers, effects=effects))
    fits = Fits(*(held[name] for name in NUMBERS))
    paths = np.arange(*held["ends"])
    verdict = held["verdict"]
    return Multiverse(
        line, grid, line["minimum_trials"], paths, held["index"], sets, fits, verdict, met
    )


def gathered(parts: list[Multiverse]) -> Multiverse:
    """The whole of which `parts` are the parts, whatever their order.

    Raises
    ------
    StoreError
        when a part is missing or there twice.
    """
    parts = sorted(parts, key=lambda m: m.paths[0] if len(m.paths) else -1)
    paths = np.concatenate([m.paths for m in parts])
    whole = parts[0]
    if not np.array_equal(paths, np.arange(whole.grid.n_data)):
        raise store.StoreError("the parts of a multiverse do not make the whole")
    first: dict[EffectSet, tuple[tuple[str, int], int, int]] = {}
    for number, m in enumerate(parts):
        for at, (made, met) in enumerate(zip(m.sets, m.met, strict=True)):
            if made not in first or met < first[made][0]:
                first[made] = (met, number, at)
    order = sorted(first.values())
    at_end = {made: i for i, made in enumerate(sorted(first, key=lambda made: first[made][0]))}
    index = [np.array([at_end[s] for s in m.sets], dtype=np.int32)[m.index] for m in parts]
    return replace(
        whole,
        paths=paths,
        index=np.concatenate(index),
        sets=[parts[n].sets[at] for _, n, at in order],
        met=[met for met, _, _ in order],
        verdict=np.array([parts[n].verdict[at] for _, n, at in order]),
        fits=Fits(
            *(
                np.array([getattr(parts[n].fits, name)[at] for _, n, at in order])
                for name in NUMBERS
            )
        ),
    )
