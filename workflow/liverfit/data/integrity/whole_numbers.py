"""Screens for numbers that no counts or whole numbers can give: GRIM, GRIMMER, percentages.

The mean of n whole numbers is a multiple of 1/n (GRIM: Brown and Heathers 2017,
doi:10.1177/1948550616673876), and their sum of squares is whole and as odd or even as their sum
(GRIMMER: Anaya 2016, doi:10.7287/peerj.preprints.2400v1; in the analytic form of Allard 2018).
Most outcomes here are continuous. Whether a laboratory's whole units were kept as whole numbers is
not printed, so that every flag is a note.
"""

from __future__ import annotations

import math

from liverfit.data.integrity.base import (
    LEVELS,
    NOTE,
    Flag,
    Screened,
    Tables,
    decimals,
    flag,
    half_unit,
    number,
)

ROUNDING = 1e-9  # of binary floating point, far below any printed digit


def grim_sums(mean: str, n: int) -> list[int]:
    """Sums of n whole numbers whose mean rounds to `mean`, halves up or down.

    >>> grim_sums("3.45", 10), grim_sums("3.4", 10)
    ([], [34])
    """
    value, half = float(mean), half_unit(mean)
    low = math.ceil((value - half) * n - ROUNDING)
    return list(range(low, math.floor((value + half) * n + ROUNDING) + 1))


def grimmer_possible(mean: str, sd: str, n: int) -> bool:
    """Whether some n whole numbers have this mean and SD (divisor n − 1), after rounding.

    >>> grimmer_possible("7.3", "2.51", 12)
    False
    """
    value, half = float(sd), half_unit(sd)
    for total in grim_sums(mean, n):
        low = (n - 1) * max(0.0, value - half) ** 2 + total**2 / n
        high = (n - 1) * (value + half) ** 2 + total**2 / n
        first = math.ceil(low - ROUNDING)
        first += (first - total) % 2
        if first <= high + ROUNDING:
            return True
    return False


def _whole_cells(tables: Tables) -> list[dict]:
    """Means of readings that are whole numbers on their printed scale, with their own n."""
    out = []
    for c in tables.cells:
        scales = tables.outcomes[c["outcome"]].get("whole_numbers", ())
        mean = c["center_type"] == "mean" and number(c["center_text"]) is not None
        if c["scale"] in scales and mean and c["timepoint"] in (*LEVELS, "change"):
            out.append(c)
    return out


def grim(tables: Tables) -> Screened:
    """A mean that no n whole numbers have; can be told while n is below 10 to the decimals."""
    cells, out = _whole_cells(tables), Screened()
    out.eligible = len(cells)
    for c in cells:
        if c["n_source"] != "summary" or not c["n"] or c["n"] >= 10 ** decimals(c["center_text"]):
            continue
        out.checked += 1
        if not grim_sums(c["center_text"], int(c["n"])):
            seen = f"mean {c['center_text']} of {c['n']:g} people"
            out.flags.append(flag(c, seen, f"a whole number divided by {c['n']:g}", NOTE))
    return out


def grimmer(tables: Tables) -> Screened:
    """An SD that no n whole numbers of that mean have.

    Can be told while the sums of squares that round to one SD are fewer than two:
    4 (n − 1) SD · half a unit < 2.
    """
    cells = [c for c in _whole_cells(tables) if c["spread_kind"] == "sd" and c["spread_text"]]
    out = Screened(eligible=len(cells))
    for c in cells:
        sd = number(c["spread_text"])
        if c["n_source"] != "summary" or not c["n"] or not sd:
            continue
        n = int(c["n"])
        if 4 * (n - 1) * sd * half_unit(c["spread_text"]) >= 2 or not grim_sums(
            c["center_text"], n
        ):
            continue
        out.checked += 1
        if not grimmer_possible(c["center_text"], c["spread_text"], n):
            seen = f"{c['center_text']} ± {c['spread_text']} (SD) of {n} people"
            out.flags.append(flag(c, seen, "an SD that whole numbers can have", NOTE))
    return out


def percent_of_people(tables: Tables) -> Screened:
    """A share of women that no count gives: not for all randomised, all analysed, nor one arm."""
    out = Screened()
    for trial in tables.trials.values():
        share = trial["pct_female"]
        if share is None or not trial["row_id"]:
            continue
        out.eligible += 1
        arms = [
            a
            for (t, _), a in tables.arms.items()
            if t == trial["trial_id"] and a["allocation"] == "arm"
        ]
        sizes = {a[k] for a in arms for k in ("n_randomised", "n_analysed") if a[k]}
        for k in ("n_randomised", "n_analysed"):
            if arms and all(a[k] for a in arms):
                sizes.add(sum(a[k] for a in arms))
        text = f"{share:g}"
        half = half_unit(text)
        telling = [int(n) for n in sizes if n * 2 * half < 100]
        if share in (0, 100) or not sizes or len(telling) < len(sizes):
            continue
        out.checked += 1
        fits = [n for n in telling if abs(round(share * n / 100) * 100 / n - share) <= half + 1e-9]
        if not fits:
            told = f"a whole number of {', '.join(str(n) for n in sorted(telling))} people"
            seen = f"{text} % women"
            out.flags.append(Flag(trial["row_id"], trial["trial_id"], "", "", seen, told, NOTE))
    return out
