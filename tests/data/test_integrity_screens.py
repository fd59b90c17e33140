"""Every research-integrity screen: a case that it must flag and one that it must not."""

from __future__ import annotations

import random

import pytest
from harmonize_parts import config, harmonized, real_datasets

from liverfit.data.implied import PrintedP
from liverfit.data.integrity import SCREENS, raw_measurements, screen_integrity
from liverfit.data.integrity.base import DOMAINS, Tables, significant_digits
from liverfit.data.integrity.distributions import describe
from liverfit.data.integrity.whole_numbers import grim_sums, grimmer_possible

PLAN, OUTCOMES = config("config"), config("outcomes")


def cell(text="", spread="", kind="none", **values):
    """One cell: a mean with a spread, or with an interval given as "low to high"."""
    low, _, high = spread.partition(" to ") if " to " in spread else ("", "", "")
    out = {
        "row": f"d/measurements.csv:{values.get('line', 2)}", "trial_id": "t", "arm_id": "a",
        "comparator_arm_id": "", "outcome": "alt", "method": "", "scale": "U/L", "sign": 1.0,
        "timepoint": "baseline", "week": None, "n": 20.0, "n_source": "summary",
        "center_type": "mean", "center": float(text) if text else None, "spread_kind": kind,
        "spread": float(spread) if spread and not low else None, "p": None, "p_scope": "",
        "spread_rule": "printed", "printed_unit": "U/L", "dataset": "d", "whole": True,
        "center_text": text, "spread_text": "" if low else spread,
        "lower_text": low, "upper_text": high,
    }  # fmt: skip
    values.pop("line", None)
    assert set(values) <= set(out), set(values) - set(out)
    return out | values


def arm(name, **values):
    return {
        "trial_id": "t", "arm_id": name, "allocation": "arm", "not_against": "",
        "n_randomised": 20.0, "n_analysed": 20.0, "row_id": f"d/arms.csv:{name}",
    } | values  # fmt: skip


def tables(cells, arms=None, trials=None):
    ids = sorted({c["trial_id"] for c in cells} | {"t"})
    default = {
        t: {"trial_id": t, "cohort_id": t, "randomised": "yes", "pct_female": None,
            "row_id": f"d/trials.csv:{t}"}
        for t in ids
    }  # fmt: skip
    by_arm = {(c["trial_id"], c["arm_id"]): arm(c["arm_id"], trial_id=c["trial_id"]) for c in cells}
    by_arm |= {(a["trial_id"], a["arm_id"]): a for a in arms or []}
    return Tables(
        cells, by_arm, {**default, **(trials or {})}, OUTCOMES["outcomes"], PLAN["integrity"],
        PLAN["harmonize"],
    )  # fmt: skip


def run(name, *args, **kwargs):
    return SCREENS[name].run(tables(*args, **kwargs))


def severities(found):
    return sorted(f.severity for f in found.flags)


def block(trial, pairs, **values):
    return [
        cell(m, s, "sd", trial_id=trial, line=i, outcome=o, **values)
        for i, (o, m, s) in enumerate(pairs)
    ]


PAIRS = (("alt", "41.37", "12.6"), ("ast", "33.84", "9.71"), ("ggt", "52.19", "18.3"))


def test_a_block_of_equal_numbers_in_two_trials_is_a_concern_and_one_a_note():
    assert (
        severities(run("identical_across_trials", block("t", PAIRS) + block("u", PAIRS)))
        == ["concern"] * 6
    )
    one = run("identical_across_trials", block("t", PAIRS) + block("u", PAIRS[:1]))
    assert severities(one) == ["note", "note"]
    assert "pairs of alt by chance" in one.flags[0].expected


@pytest.mark.parametrize(
    "other",
    [
        block("u", [("alt", "41.38", "12.6")]),
        block("u", [("ast", "41.37", "12.6")]),
        block("u", [("alt", "41", "12")]) + block("v", [("alt", "41", "12")]),
    ],
    ids=["other number", "other outcome", "too few digits"],
)
def test_unequal_or_coarse_numbers_pass(other):
    assert not run("identical_across_trials", block("t", PAIRS[:1]) + other).flags


def test_trials_of_one_cohort_may_repeat_numbers():
    same = {
        t: {"cohort_id": "t", "randomised": "yes", "pct_female": None, "row_id": t}
        for t in ("t", "u")
    }
    found = run("identical_across_trials", block("t", PAIRS) + block("u", PAIRS), trials=same)
    assert found.checked == 6
    assert not found.flags


def test_equal_numbers_in_two_arms():
    cells = block("t", PAIRS) + block("t", PAIRS, arm_id="b")
    assert severities(run("identical_across_arms", cells)) == ["concern"] * 3
    overlapping = [arm("a", not_against="b"), arm("b", not_against="a")]
    assert not run("identical_across_arms", cells, arms=overlapping).flags
    assert not run("identical_across_arms", block("t", PAIRS)).flags


def change(text, spread, kind, p, op="<", **values):
    printed = PrintedP(op, p, f"{op}{p}")
    return cell(text, spread, kind, **{"timepoint": "change", "p": printed, "p_scope": "within",
                                       "n": 12.0} | values)  # fmt: skip


def test_an_se_that_fits_its_p_only_as_an_sd():
    found = run("sd_or_se_by_p", [change("22", "16", "se", 0.001)])
    assert severities(found) == ["concern"]
    assert "read as SD" in found.flags[0].expected
    settled = run("sd_or_se_by_p", [change("22", "16", "se", 0.001, spread_rule="hint")])
    assert severities(settled) == ["note"]


def test_an_sd_or_an_se_that_fits_its_p_passes():
    assert not run("sd_or_se_by_p", [change("22", "16", "sd", 0.001)]).flags
    assert not run("sd_or_se_by_p", [change("22", "4.6", "se", 0.001)]).flags
    by_rule = run("sd_or_se_by_p", [change("22", "16", "se", 0.001, spread_rule="printed_p")])
    assert (by_rule.eligible, by_rule.checked) == (1, 0)  # it would judge what it settled


def test_a_p_that_fits_neither_reading():
    found = run("p_from_summaries", [change("2", "16", "sd", 0.001, "=")])
    assert severities(found) == ["concern"]
    adjusted = change("2", "16", "sd", 0.001, "=", center_type="adjusted_mean")
    assert severities(run("p_from_summaries", [adjusted])) == ["note"]
    assert not run("p_from_summaries", [change("22", "16", "sd", 0.00059, "=")]).flags


def trials_of_spreads(*extra):
    usual = [cell("40", f"{16 + i % 5}", "sd", trial_id=f"o{i}", line=i + 10) for i in range(8)]
    return usual + list(extra)


def test_a_spread_out_of_line():
    odd = cell("40", "2.0", "sd", n=60.0)
    found = run("spread_out_of_line", trials_of_spreads(odd))
    assert severities(found) == ["concern"]  # as an SE it would be 15.5
    assert found.flags[0].trial_id == "t"
    assert not run("spread_out_of_line", trials_of_spreads(cell("40", "19", "sd"))).flags
    assert run("spread_out_of_line", [odd]).checked == 0  # no other trials


def test_spreads_of_one_trial_far_apart():
    wide, narrow = cell("42", "13.0", "sd"), cell("41", "2.0", "sd", timepoint="post", line=3)
    assert severities(run("spreads_within_trial", [wide, narrow])) == ["concern"]  # 6.5 is near √20
    few = [{**c, "n": 8.0} for c in (wide, narrow)]
    assert severities(run("spreads_within_trial", few)) == ["note"]
    many = [{**c, "n": 190.0} for c in (wide, narrow)]
    assert severities(run("spreads_within_trial", many)) == ["concern"]
    near = cell("41", "9.0", "sd", timepoint="post")
    assert not run("spreads_within_trial", [wide, near]).flags
    grown = cell("8", "2.5", "sd", timepoint="post")  # the spread follows the mean
    assert not run("spreads_within_trial", [wide, grown]).flags


def visits(sd_change, n=20.0):
    return [
        cell("20.4", "13.3", "sd", line=2),
        cell("14.7", "19.3", "sd", timepoint="post", line=3),
        cell("-5.7", sd_change, "sd", timepoint="change", line=4, n=n),
    ]


@pytest.mark.parametrize(
    ("sd", "flagged"), [("2.8", 1), ("5.9", 0), ("12", 0), ("32.5", 0), ("40", 1)]
)
def test_sd_of_change_against_what_a_correlation_allows(sd, flagged):
    assert len(run("sd_of_change", visits(sd)).flags) == flagged


def test_sd_of_change_needs_all_three():
    assert run("sd_of_change", visits("2.8")[1:]).checked == 0


def contrast(text, spread, **values):
    return cell(text, spread, "ci95", timepoint="contrast", comparator_arm_id="b", **values)


def test_interval_without_estimate():
    assert severities(run("interval_without_estimate", [contrast("5", "1 to 4")])) == ["concern"]
    assert not run("interval_without_estimate", [contrast("4", "1 to 4")]).flags


@pytest.mark.parametrize(
    ("text", "interval", "flagged"),
    [("-0.08", "-0.31 to 0.47", 1), ("-2.8", "-4.0 to -1.6", 0), ("2.0", "1.0 to 4.0", 0),
     ("0.1", "0.0 to 0.3", 0)],
    ids=["lopsided", "symmetric", "symmetric on the log scale", "within rounding"],
)  # fmt: skip
def test_interval_asymmetric(text, interval, flagged):
    assert len(run("interval_asymmetric", [contrast(text, interval)]).flags) == flagged


@pytest.mark.parametrize(
    ("p", "op", "expected"),
    [(0.4, "=", ["concern"]), (0.0000003, "=", ["note"]), (0.0013, "=", []), (0.01, "<", []),
     (0.05, ">", ["concern"])],
)  # fmt: skip
def test_interval_against_p(p, op, expected):
    row = contrast("-3.2", "-5.2 to -1.2", p=PrintedP(op, p, f"{op}{p}"), p_scope="between")
    assert severities(run("interval_against_p", [row])) == expected


def test_a_p_is_that_of_the_end_towards_no_difference():
    """Half the width of this interval would allow P 0.07; its upper end says below 0.05."""
    for p, expected in ((0.6, ["concern"]), (0.04, [])):
        row = contrast("-6.67", "-14.8 to -0.45", p=PrintedP("=", p, f"={p}"), p_scope="between")
        assert severities(run("interval_against_p", [row])) == expected


def test_an_arms_interval_says_nothing_of_a_p_between_arms():
    row = cell("-3.2", "-5.2 to -1.2", "ci95", timepoint="change", p=PrintedP("=", 0.9, "=0.9"),
               p_scope="between")  # fmt: skip
    assert run("interval_against_p", [row]).eligible == 0


@pytest.mark.parametrize(
    ("printed", "expected"),
    [("-5.7", []), ("-5.6", []), ("-4.7", ["note"]), ("5.7", ["concern"])],
)
def test_change_not_difference(printed, expected):
    rows = visits("12")
    rows[2] |= {"center_text": printed, "center": float(printed)}
    assert severities(run("change_not_difference", rows)) == expected
    rows[2]["n"] = 17.0  # not the same people
    assert set(severities(run("change_not_difference", rows))) <= {"note"}


def test_more_analysed_than_randomised():
    over = run("analysed_above_randomised", [], arms=[arm("a", n_analysed=21.0)])
    assert severities(over) == ["concern"]
    assert not run("analysed_above_randomised", [], arms=[arm("a")]).flags
    assert len(run("analysed_above_randomised", [cell("40", n=23.0)]).flags) == 1
    borrowed = cell("40", n=23.0, n_source="another_row")
    assert not run("analysed_above_randomised", [borrowed]).flags


def test_out_of_range():
    level = {"outcome": "vat", "scale": "cm3", "timepoint": "followup"}
    found = run("out_of_range", [cell("-545", **level)])
    assert severities(found) == ["concern"]
    assert "below zero as a change may be" in found.flags[0].seen
    assert not run("out_of_range", [cell("3450", **level)]).flags
    assert not run("out_of_range", [cell("-545", **level | {"timepoint": "change"})]).flags
    unknown = run("out_of_range", [cell("-5", outcome="vat", scale="unstated")])
    assert (unknown.eligible, unknown.checked) == (1, 0)


def test_impossible_percent():
    relative = {"scale": "percent_relative", "timepoint": "change"}
    share = {"printed_unit": "percent", "scale": "percent", "outcome": "liver_fat"}
    assert severities(run("impossible_percent", [cell("-104", **relative)])) == ["concern"]
    assert severities(run("impossible_percent", [cell("108", **share)])) == ["concern"]
    assert not run("impossible_percent", [cell("-40", **relative), cell("31", **share)]).flags


@pytest.mark.parametrize(
    ("share", "flagged", "checked"),
    [(45.0, 0, 1), (46.0, 1, 1), (22.5, 0, 1), (100.0, 0, 0), (46.37, 1, 1)],
)
def test_percent_of_people(share, flagged, checked):
    trial = {"t": {"trial_id": "t", "cohort_id": "t", "pct_female": share, "row_id": "x"}}
    found = run("percent_of_people", [], arms=[arm("a"), arm("b")], trials=trial)
    assert (found.checked, len(found.flags)) == (checked, flagged)


def test_grim_is_right_for_every_mean_of_few_whole_numbers():
    for n in range(1, 10):
        possible = {f"{total / n:.1f}" for total in range(100)}
        for tenths in range(100):
            text = f"{tenths / 10:.1f}"
            nearest = min(abs(tenths / 10 - total / n) for total in range(101))
            assert bool(grim_sums(text, n)) == (text in possible or abs(nearest - 0.05) < 1e-9)


def test_grimmer_lets_every_real_sample_pass_and_stops_the_published_example():
    rng = random.Random(20161)
    for _ in range(400):
        n = rng.randint(3, 40)
        x = [rng.randint(1, 60) for _ in range(n)]
        mean = sum(x) / n
        sd = (sum((v - mean) ** 2 for v in x) / (n - 1)) ** 0.5
        assert grimmer_possible(f"{mean:.2f}", f"{sd:.2f}", n)
    assert not grimmer_possible("7.3", "2.51", 12)  # example of the R package scrutiny
    assert grimmer_possible("7.3", "2.50", 12) or grimmer_possible("7.3", "2.53", 12)


def test_grim_and_grimmer_take_whole_numbers_with_their_own_n():
    assert len(run("grim", [cell("-31.86", n=15.0, timepoint="change")]).flags) == 1
    assert not run("grim", [cell("31.87", n=15.0)]).flags
    assert run("grim", [cell("31.86", n=15.0, outcome="body_weight", scale="kg")]).eligible == 0
    assert run("grim", [cell("31.8", n=15.0)]).checked == 0  # any tenth can be had with 15
    assert run("grim", [cell("31.86", n=15.0, n_source="arm_randomised")]).checked == 0
    assert len(run("grimmer", [cell("7.3", "2.51", "sd", n=12.0)]).flags) == 1
    assert run("grimmer", [cell("7.3", "25", "sd", n=12.0)]).checked == 0


def test_baseline_differences():
    far = [cell("40", "5", "sd"), cell("55", "5", "sd", arm_id="b", line=3)]
    assert severities(run("baseline_differences", far)) == ["note"]
    assert not run("baseline_differences", [far[0], {**far[1], "center": 42.0}]).flags
    alike = [far[0], {**far[1], "center": 40.001}]
    assert severities(run("baseline_differences", alike)) == ["note"]
    open_trial = {"t": {"cohort_id": "t", "randomised": "no", "pct_female": None, "row_id": "x"}}
    assert run("baseline_differences", far, trials=open_trial).eligible == 0


def test_last_digits_are_described_by_data_set():
    even = [cell(f"{40 + i / 10:.1f}") for i in range(100)]
    (row,) = describe(tables(even))
    assert (row["group"], row["n"], row["statistic"], row["p_value"]) == ("d", 100, 0.0, 1.0)
    rounded = describe(tables([cell(f"{40 + i / 2:.1f}") for i in range(60)]))
    assert rounded[0]["p_value"] < 1e-20
    assert describe(tables(even[:20])) == []  # too few


def test_significant_digits():
    assert [significant_digits(x) for x in ("0.05", "-41.37", "100")] == [1, 4, 3]


@pytest.fixture(scope="module")
def screened():
    h, raw = harmonized(), raw_measurements(real_datasets())
    return screen_integrity(
        h.measurements, h.trials, h.arms, raw, OUTCOMES, PLAN["integrity"], PLAN["harmonize"]
    )


def test_known_errors_are_found_again(screened):
    found = set(zip(screened[0]["screen"], screened[0]["trial_id"], strict=True))
    assert {
        ("sd_or_se_by_p", "kirk_ihtg_insulin"),
        ("out_of_range", "falutz2007"),
        ("out_of_range", "taylor2020"),
        ("out_of_range", "pugh2016"),
        ("spread_out_of_line", "saad2022"),
        ("spreads_within_trial", "saad2022"),
    } <= found


def test_the_tables_hold_together(screened):
    screens, summary, description = screened
    assert list(summary["screen"]) == list(SCREENS)
    assert (summary["flagged"] <= summary["checked"]).all()
    assert (summary["checked"] <= summary["eligible"]).all()
    counted = screens.drop_duplicates(["screen", "row_id"])["screen"].value_counts()
    assert counted.to_dict() == {
        s: n for s, n in zip(summary["screen"], summary["flagged"], strict=True) if n
    }
    assert set(screens["severity"]) == {"note", "concern"}
    assert set(screens["domain"]) <= {*DOMAINS, ""}
    assert set(description["screen"]) == {"baseline_differences", "last_digits"}
