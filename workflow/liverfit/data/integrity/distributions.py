"""Screens on many numbers together: baselines of randomised arms, last digits of a data set.

They describe; no single trial is judged by them. Differences at baseline between arms that chance
made should have p-values spread evenly (Carlisle 2017, doi:10.1111/anae.13938). Outcomes of one
trial are correlated, rounding and non-normal data distort the p-values, and a spread settled by a
rule may be wrong, so that a departure is no proof of anything. The last digits of measured numbers
with many digits are close to even (Mosimann et al. 2002, doi:10.1080/08989620212969); instruments
that read to 0 or 5 and numbers rounded twice are not.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from liverfit.data.implied import anova_p, welch_p
from liverfit.data.integrity.base import NOTE, Screened, Tables, flag, number, significant_digits

FEWEST = 50  # numbers behind a chi-square over ten digits: five expected in each


def baseline_p(tables: Tables) -> list[tuple[float, list[dict]]]:
    """(p, cells) of every outcome at baseline in a randomised trial: Welch, or one-way ANOVA."""
    groups = defaultdict(dict)
    for c in tables.cells:
        usable = c["spread_kind"] in ("sd", "se") and c["spread"] and c["n"] and c["n"] >= 3
        drawn = c["whole"] and tables.trials[c["trial_id"]]["randomised"] == "yes"
        if c["timepoint"] == "baseline" and usable and drawn and c["center_type"] == "mean":
            key = (c["trial_id"], c["outcome"], c["scale"], c["method"], c["spread_kind"])
            groups[key].setdefault(c["arm_id"], c)
    out = []
    for (*_, kind), arms in groups.items():
        cells = list(arms.values())
        if len(cells) > 1:
            p = welch_p(*cells, kind) if len(cells) == 2 else anova_p(cells, kind)
            out.append((p, cells))
    return out


def baseline_differences(tables: Tables) -> Screened:
    """Arms that chance made differ more at baseline than chance does, or hardly at all."""
    limit = tables.settings["baseline_p"]
    out = Screened()
    out.eligible = sum(
        c["timepoint"] == "baseline" and tables.trials[c["trial_id"]]["randomised"] == "yes"
        for c in tables.cells
    )
    for p, cells in baseline_p(tables):
        out.checked += len(cells)
        if limit <= p <= 1 - limit:
            continue
        told = " and ".join(f"{c['center_text']} ± {c['spread_text']}" for c in cells)
        expected = f"P between {limit:g} and {1 - limit:g}"
        out.flags.append(flag(cells[0], f"P={p:.4g}: {told}", expected, NOTE, *cells[1:]))
    return out


def last_digits(tables: Tables) -> dict[str, Counter]:
    """{data set: count of last digits} of printed means of two significant digits or more."""
    out = defaultdict(Counter)
    for c in tables.cells:
        text = c["center_text"].strip()
        if number(text) is not None and significant_digits(text) >= 2 and "." in text:
            out[c["dataset"]][int(text[-1])] += 1
    return out


def describe(tables: Tables) -> list[dict]:
    """What the screens of this module say of the whole: one row a distribution.

    Returns
    -------
    list of dict screen, group, n, statistic, df (None where the test has none), p_value, shows
    """
    from scipy.stats import chisquare, kstest  # takes longer to import than all the rest

    found = [p for p, _ in baseline_p(tables)]
    out = []
    if found:
        test = kstest(found, "uniform")
        tenths = [sum(min(int(10 * p), 9) == i for p in found) for i in range(10)]
        shows = "P of baseline differences in tenths from 0 to 1: " + " ".join(map(str, tenths))
        out.append(_row("baseline_differences", "all randomised trials", len(found), test, shows))
    for dataset, digits in sorted(last_digits(tables).items()):
        counts = [digits[i] for i in range(10)]
        if sum(counts) < FEWEST:
            continue
        shows = "last digits 0 to 9: " + " ".join(map(str, counts))
        row = _row("last_digits", dataset, sum(counts), chisquare(counts), shows)
        out.append({**row, "df": 9})
    return out


def _row(screen: str, group: str, n: int, test, shows: str) -> dict:
    return {
        "screen": screen,
        "group": group,
        "n": n,
        "statistic": float(test.statistic),
        "df": None,
        "p_value": float(test.pvalue),
        "shows": shows,
    }
