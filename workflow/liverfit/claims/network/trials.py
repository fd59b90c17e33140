"""From the contrasts of arms that a trial prints to its contrasts of network nodes."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np

from liverfit.claims.covariance import sampling_covariance


@dataclass(frozen=True)
class NodeTrial:
    """What one trial says of the nodes of a network.

    Attributes
    ----------
    study : trial_id, with "#2" and so on where a trial falls into parts that share no node
    trial_id, label : of the trial
    nodes : (T,) sorted names
    y, V : (T - 1,) contrasts with the first node and their sampling covariance
    effects : the independent contrasts of arms that were used
    redundant : those that the others imply
    gap : largest distance of a redundant contrast from what the others imply, in its standard
        errors; None where nothing is redundant
    """

    study: str
    trial_id: str
    label: str
    nodes: tuple[str, ...]
    y: np.ndarray
    V: np.ndarray
    effects: tuple[dict, ...] = field(repr=False)
    redundant: tuple[dict, ...] = field(repr=False)
    gap: float | None

    def comparisons(self) -> list[tuple[str, str, str, float, float]]:
        """Study, first node, second node, effect (first minus second) and standard error of every
        pair of nodes; they add up exactly."""
        level = np.concatenate([[0.0], self.y])
        cov = np.pad(self.V, ((1, 0), (1, 0)))
        out = []
        for j in range(1, len(level)):
            for i in range(j):
                variance = cov[i, i] + cov[j, j] - 2 * cov[i, j]
                row = (self.nodes[j], self.nodes[i], float(level[j] - level[i]), variance**0.5)
                out.append((self.study, *row[:3], float(row[3])))
        return out


def node_names(settings: dict) -> dict[str, str]:
    """{modality: node} of the section `models.network` of the analysis plan."""
    return {m: name for name, node in settings["nodes"].items() for m in node["modalities"]}


def node_trials(effects: list[dict], settings: dict) -> tuple[list[NodeTrial], list[dict]]:
    """Reduce effects to independent contrasts between nodes, trial by trial.

    A trial of several arms prints more contrasts than are independent. Kept are those with one arm,
    the one that has most contrasts (of equals one of the reference node, then the first by id), and
    whatever else links arms; the rest follows from them. Arms of one node are pooled by generalised
    least squares under the covariance of the shared arm (Gleser and Olkin 2009), so that a shared
    control counts once.

    Parameters
    ----------
    effects : contrasts of one outcome on one measure, screened
    settings : the section `models.network` of the analysis plan

    Returns
    -------
    trials (in order of their ids), and what compares no two nodes: dicts trial_id, label, reason.
    """
    names = node_names(settings)
    by_trial = defaultdict(list)
    for e in sorted(effects, key=lambda e: e["effect_id"]):
        by_trial[e["trial_id"]].append(e)
    trials, left_out = [], []
    for trial in sorted(by_trial):
        members = by_trial[trial]
        kept, redundant = independent(members, names, settings["reference"])
        found = _parts(trial, kept, redundant, names)
        trials += found
        if not found:
            node = names[members[0]["modality"]]
            reason = {"reason": "one_node", "detail": f"all its arms belong to {node}"}
            left_out.append({"trial_id": trial, "label": members[0]["label"], **reason})
    return trials, left_out


def independent(
    effects: list[dict], names: dict[str, str], reference: str
) -> tuple[list[dict], list[dict]]:
    """The contrasts of a trial that are kept as independent, and the redundant ones.

    A spanning forest of the trial's arms, grown breadth first from the arm with most contrasts.
    """
    node = {}
    for e in effects:
        node[e["arm_id"]] = names[e["modality"]]
        node[e["comparator_arm_id"]] = names[e["comparator_modality"]]
    uses = Counter(arm for e in effects for arm in _arms(e))
    order = sorted(uses, key=lambda arm: (-uses[arm], node[arm] != reference, arm))
    reached, kept = set(), []
    for start in order:
        waiting = [] if start in reached else [start]
        reached.add(start)
        while waiting:
            here = waiting.pop(0)
            for e in sorted(effects, key=lambda e: e["effect_id"]):
                other = [arm for arm in _arms(e) if arm != here]
                if here in _arms(e) and other[0] not in reached:
                    reached.add(other[0])
                    waiting.append(other[0])
                    kept.append(e)
    kept.sort(key=lambda e: e["effect_id"])
    ids = {e["effect_id"] for e in kept}
    return kept, [e for e in effects if e["effect_id"] not in ids]


def _arms(e: dict) -> tuple[str, str]:
    return e["arm_id"], e["comparator_arm_id"]


def _parts(
    trial: str, kept: list[dict], redundant: list[dict], names: dict[str, str]
) -> list[NodeTrial]:
    """One `NodeTrial` for each set of nodes that the trial links."""
    pairs = [(names[e["modality"]], names[e["comparator_modality"]]) for e in kept]
    parts = [p for p in linked(pairs) if len(p) > 1]
    gap = _gap(kept, redundant)
    out = []
    for number, part in enumerate(parts, start=1):
        nodes = tuple(sorted(part))
        mine = [e for e, pair in zip(kept, pairs, strict=True) if set(pair) <= part]
        y, V = _pooled(mine, nodes, names)
        study = trial if number == 1 else f"{trial}#{number}"
        rest = tuple(e for e in redundant if names[e["modality"]] in part)
        out.append(NodeTrial(study, trial, mine[0]["label"], nodes, y, V, tuple(mine), rest, gap))
    return out


def linked(pairs: list[tuple[str, str]]) -> list[set[str]]:
    """Sets of names that pairs link, in the order of their first names."""
    parts: list[set[str]] = []
    for pair in pairs:
        touching = [p for p in parts if p & set(pair)]
        parts = [p for p in parts if not p & set(pair)]
        parts.append(set(pair).union(*touching))
    return sorted(parts, key=min)


def _pooled(
    effects: list[dict], nodes: tuple[str, ...], names: dict[str, str]
) -> tuple[np.ndarray, np.ndarray]:
    """Generalised least squares of the contrasts of arms on nodes."""
    X = np.array(
        [
            [float(names[e["modality"]] == n) - float(names[e["comparator_modality"]] == n)
             for n in nodes[1:]]
            for e in effects
        ]
    )  # fmt: skip
    y = np.array([e["yi"] for e in effects])
    W = np.linalg.inv(sampling_covariance(effects))
    C = np.linalg.inv(X.T @ W @ X)
    return C @ X.T @ W @ y, 0.5 * (C + C.T)


def _gap(kept: list[dict], redundant: list[dict]) -> float | None:
    """How far redundant contrasts lie from what the kept ones imply, in their standard errors."""
    if not redundant:
        return None
    arms = sorted({arm for e in kept for arm in _arms(e)})
    rows = np.array([_signs(e, arms) for e in kept])
    level = np.linalg.pinv(rows) @ np.array([e["yi"] for e in kept])
    gaps = [abs(e["yi"] - _signs(e, arms) @ level) / e["vi"] ** 0.5 for e in redundant]
    return float(max(gaps))


def _signs(e: dict, arms: list[str]) -> np.ndarray:
    return np.array([float(a == e["arm_id"]) - float(a == e["comparator_arm_id"]) for a in arms])
