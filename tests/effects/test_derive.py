"""Effects of the real data: hand-checked against their raw lines, and by invariants."""

import math

import numpy as np
import pytest

from liverfit.data.ledger import REASONS

# effect -> route, yi, SE, and the printed numbers that they follow from (t and z are quantiles)
BY_HAND = {
    # −1.4 (SD 4.9, n 73) against −0.1 (SD 7.2, n 71)
    "baker2024:ex-vs-ctl:liver_fat:MD": (
        "change_scores",
        -1.3,
        math.hypot(4.9 / 73**0.5, 7.2 / 71**0.5),
    ),
    # −1.3 (−3.8 to 1.2), n 15, t(14) 2.14479; −0.17 (−2.17 to 1.83), n 20, t(19) 2.09302
    "ezpeleta2023:ex-vs-con:liver_fat:MD": (
        "change_scores",
        -1.13,
        math.hypot(2.5 / 2.14479, 2 / 2.09302),
    ),
    # 11±5 to 8±2, n 14; 10±4 to 10±4, n 11; r 0.5: SD of change √19 and √16
    "hallsworth2015:hiit-vs-con:liver_fat:MD": ("pre_post", -3.0, (19 / 14 + 16 / 11) ** 0.5),
    # −16±24 % against 9±15 %, 12 each
    "houghton2017:ex-vs-con:liver_fat:ROM": (
        "relative_change",
        math.log(84 / 109),
        math.hypot(24 / 84, 15 / 109) / 12**0.5,
    ),
    # −2.38±0.73 against 1.1±0.62, SE
    "keating2015:hilo-vs-pla:liver_fat:MD": ("change_scores", -3.48, math.hypot(0.73, 0.62)),
    "keating2017:prt-vs-con:liver_fat:MD": ("change_scores", -0.62, math.hypot(0.31, 0.77)),
    # −15±5 % against 5.6±5 %, SE
    "kirk_ihtg_insulin:ex-vs-con:liver_fat:ROM": (
        "relative_change",
        math.log(85 / 105.6),
        math.hypot(5 / 85, 5 / 105.6),
    ),
    "lee2013:ae-vs-ctl:liver_fat:MD": ("printed_contrast", -1.7, 0.74),
    "sabag2020:hiit-vs-pla:liver_fat:MD": ("change_scores", -2.9, math.hypot(1.1, 0.5)),
    # −4.7±5.6, n 18, against 1.2±2.8, n 10
    "stine2022:ex-vs-con:liver_fat:MD": ("change_scores", -5.9, (5.6**2 / 18 + 2.8**2 / 10) ** 0.5),
    # −5.0 (−7.2 to −2.8), n 73 and 74, t(145) 1.97646
    "zhang2016:vm-vs-con:liver_fat:MD": ("printed_contrast", -5.0, 2.2 / 1.97646),
    # −8.9 (−14.5 to −3.3), n 20 and 21, t(39) 2.02269
    "dichtel2023:gh-vs-placebo:liver_fat:MD": ("printed_contrast", -8.9, 5.6 / 2.02269),
    # −4.1 (−7.6 to −0.7), n 31 and 30, t(59) 2.00100
    "stanley2019:tesamorelin-vs-placebo:liver_fat:MD": ("printed_contrast", -4.1, 3.45 / 2.00100),
    # −38.3 % (−49.0 to −25.4): on the log scale
    "gianatti2014:testo-vs-placebo:liver_fat:ROM": (
        "printed_contrast",
        math.log(0.617),
        math.log(0.746 / 0.51) / 3.919928,
    ),
    # −45±8 % against −46±11 %, SE
    "shah2009:dex-vs-d:liver_fat:ROM": (
        "relative_change",
        math.log(55 / 54),
        math.hypot(8 / 55, 11 / 54),
    ),
    # printed 0.21 higher in the control, P=0.02, n not printed: z 2.32635; turned
    "nicklas2008:pa-vs-sa:il6:MD": ("printed_p", -0.21, 0.21 / 2.32635),
    # 1.04 (0.38 to 1.69), n 187 and 195, t(380) 1.96624
    "mcgregor2023:hiit-vs-miss:vo2peak:MD": ("printed_contrast", 1.04, 0.655 / 1.96624),
    # 50.5 (SE 1.6) to 53.3 (1.5) against 47.9 (1.5) to 49.7 (1.5), n not printed, r 0.5
    "litleskare2020:sit-vs-ct:vo2peak:MD": (
        "pre_post",
        1.0,
        (1.6**2 + 1.5**2 - 1.6 * 1.5 + 1.5**2) ** 0.5,
    ),
    # 8.7 against 5.5, P=0.02, n not printed
    "matsuo2014a:hait-vs-cat:vo2peak:MD": ("printed_p", 3.2, 3.2 / 2.32635),
    # 2.2±0.3 against −1.2±0.2, SE
    "celli2022:ili-vs-hl:vo2peak:MD": ("change_scores", 3.4, math.hypot(0.3, 0.2)),
    # −408±489 against 1832±468 ng/mL, SE
    "barnouin2021:lt_testo-vs-lt_placebo:adiponectin:MD": (
        "change_scores",
        -2.24,
        math.hypot(0.489, 0.468),
    ),
    # −2678 (−5180 to −176) mm², n 49 and 51, t(98) 1.98447
    "ngtangfui2016:testo-vs-placebo:vat:MD": ("printed_contrast", -26.78, 25.02 / 1.98447),
    "kapoor2006:testo-vs-placebo:homa_ir:MD": ("printed_contrast", -1.73, 0.67),
    # 38 (37 to 39) and 37 (36 to 38) mmol/mol at the end, n 31 and 33; 0.09148 % each
    "laine2025:int_full-vs-con_full:hba1c:MD": (
        "post_only",
        -0.09148,
        0.09148 * math.hypot(1 / 2.03693, 1 / 2.04227),
    ),
}


@pytest.mark.parametrize("effect_id", BY_HAND)
def test_by_hand(real_run, effect_id):
    route, yi, se = BY_HAND[effect_id]
    e = real_run.effect(effect_id)
    assert e["route"] == route
    assert e["yi"] == pytest.approx(yi, rel=1e-4)
    assert math.sqrt(e["vi"]) == pytest.approx(se, rel=1e-4)


def test_standardised_by_hand(real_run):
    # zelbersagi2014: −0.25±0.37, n 33, against −0.05±0.28, n 31; exact J with df 62
    sd = ((32 * 0.37**2 + 30 * 0.28**2) / 62) ** 0.5
    d = -0.2 / sd
    j = math.exp(math.lgamma(31) - math.lgamma(30.5)) / 31**0.5
    v = (0.37**2 / 33 + 0.28**2 / 31) / sd**2 + d * d / 124
    e = real_run.effect("zelbersagi2014:rt-vs-ctl:liver_fat:SMD")
    assert e["yi"] == pytest.approx(j * d)
    assert e["vi"] == pytest.approx(j * j * v)


def test_a_within_arm_p_that_both_arms_share_gives_no_variance(real_run):
    # kong2016b: "9.1% vs 10.3%; p=0.010" is the test of time over both arms
    c = real_run.derived.contrasts
    (row,) = c[(c["trial_id"] == "kong2016b") & (c["outcome"] == "vo2peak")].to_dict("records")
    assert (row["measures"], row["reason"]) == ("", "no_spread")


@pytest.fixture(scope="module")
def effects(real_run):
    return real_run.derived.effects.to_dict("records")


def test_every_source_row_is_a_raw_row_of_the_pair(real_run, effects):
    raw = real_run.raw_rows()
    for e in effects:
        rows = e["source_rows"].split(";")
        printed = [raw[r] for r in rows if "/measurements.csv:" in r]
        assert printed, e["effect_id"]
        assert {r["trial_id"] for r in printed} == {e["trial_id"]}
        assert {r["arm_id"] for r in printed} <= {e["arm_id"], e["comparator_arm_id"]}
        assert all(r in raw for r in rows)
        assert all(r in raw for r in filter(None, e["weight_rows"].split(";")))


def test_variances_are_positive_and_the_sum_of_their_parts(effects):
    for e in effects:
        assert e["vi"] > 0, e["effect_id"]
        assert math.isfinite(e["yi"])
        assert e["v_arm"] + e["v_comparator"] == pytest.approx(e["vi"]), e["effect_id"]


def test_inactive_arms_are_never_the_experimental_ones(effects):
    assert not [e["effect_id"] for e in effects if e["modality"] in ("control", "placebo")]


def test_a_pair_of_arms_gives_one_effect_a_measure(effects):
    keys = [
        (
            e["trial_id"],
            frozenset((e["arm_id"], e["comparator_arm_id"])),
            e["outcome"],
            e["measure"],
        )
        for e in effects
    ]
    assert len(keys) == len(set(keys))
    assert len(effects) == len({e["effect_id"] for e in effects})


def test_measures_of_one_source_agree_in_sign(effects):
    by_source = {}
    for e in effects:
        key = (e["effect_id"].rpartition(":")[0], e["route"], e["source_rows"])
        by_source.setdefault(key, []).append(e["yi"])
    several = [v for v in by_source.values() if len(v) > 1]
    assert len(several) > 50
    # a percentage of a different baseline may turn the sign of a difference near zero
    turned = [v for v in several if min(v) < 0 < max(v) and max(map(abs, v)) > 0.2]
    assert not turned


def test_contrasts_have_measures_or_a_reason(real_run):
    contrasts = real_run.derived.contrasts
    with_effect = contrasts["measures"] != ""
    assert (contrasts.loc[with_effect, "reason"] == "").all()
    assert set(contrasts.loc[~with_effect, "reason"]) <= set(REASONS)
    made = {(e, o) for e, o in zip(contrasts["trial_id"], contrasts["outcome"], strict=True)}
    tables = (real_run.harmonized.measurements, real_run.harmonized.directions)
    assert made == {p for t in tables for p in zip(t["trial_id"], t["outcome"], strict=True)}


def test_every_measurement_has_one_fate(real_run):
    fates = real_run.derived.fates
    assert sorted(fates["row_id"]) == sorted(real_run.harmonized.measurements["measurement_id"])
    used = {r for rows in real_run.derived.effects["source_rows"] for r in rows.split(";")}
    of = fates.set_index("row_id")
    superseded = of[of["status"] == "superseded"]
    changes = {r for rows in real_run.derived.before_after["source_rows"] for r in rows.split(";")}
    used |= changes - set(superseded.index)  # what a contrast supersedes stays superseded
    assert set(of.index[of["status"] == "used"]) == used & set(of.index)
    left = of[of["status"] != "used"]
    assert set(left["reason"]) <= set(REASONS)
    visits = superseded["reason"] == "other_visit_of_the_bout"  # of a bout that may not be usable
    assert set(superseded.loc[~visits, "superseded_by"]) <= used


def test_weight_stability_follows_the_numbers(real_run, effects):
    margin = real_run.config["config"]["effects"]["weight_stable_percent"]
    for e in effects:
        percent = e["weight_change_percent"]
        if percent is not None and not math.isnan(percent):
            assert e["weight_stable"] == ("yes" if abs(percent) < margin else "no")
        else:
            assert e["weight_evidence"] in ("words", "none")


def test_subsets_stand_aside_where_whole_arms_give_the_effect(effects):
    whole = {
        (e["trial_id"], e["outcome"], e["measure"])
        for e in effects
        if e["allocation"] in ("arm", "pooled_whole")
    }
    only = [e for e in effects if e["allocation"].endswith("_only")]
    assert only
    assert not [e for e in only if (e["trial_id"], e["outcome"], e["measure"]) in whole]
    kept_apart = [e for e in effects if e["allocation"] == "subset"]
    assert {e["trial_id"] for e in kept_apart} == {"baker2024", "stanley2019"}


def test_imputed_correlations_are_shown(effects):
    for e in effects:
        imputed = e["r_imputed"] is not None and not np.isnan(e["r_imputed"])
        assert imputed == (e["route"] == "pre_post" and e["measure"] != "ROM") or (
            e["measure"] == "ROM"
        )
