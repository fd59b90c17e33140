"""Intensity read from printed text: plain statements are read, the rest stays unknown."""

from __future__ import annotations

import pytest

from liverfit.data.intensity import intensity_of, parse_intensity, percent_vo2max


@pytest.mark.parametrize(
    ("text", "scale", "low", "high", "kind"),
    [
        ("60% VO2peak", "percent_vo2max", 60, 60, "moderate"),
        ("65% VO2peak; 300 kcal/session", "percent_vo2max", 65, 65, "vigorous"),
        ("75% peak VO2; ~19.2 km/wk", "percent_vo2max", 75, 75, "vigorous"),
        ("70% baseline VO2peak", "percent_vo2max", 70, 70, "vigorous"),
        ("50-70% VO2peak", "percent_vo2max", 50, 70, ""),  # moderate and vigorous
        ("60-70% HRmax", "percent_hrmax", 60, 70, ""),
        ("65-75% HRmax", "percent_hrmax", 65, 75, "moderate"),
        ("~85% HRmax", "percent_hrmax", 85, 85, "vigorous"),
        ("70-75% peak HR", "percent_hrmax", 70, 75, "moderate"),
        ("45 min at ~70% HRmax (+5 min warm-up/cool-down)", "percent_hrmax", 70, 70, "moderate"),
        ("85-97.5% HRmax", "percent_hrmax", 85, 97.5, ""),
        ("40-55% heart rate reserve", "percent_hrr", 40, 55, "moderate"),
        ("70-85% heart rate reserve", "percent_hrr", 70, 85, "vigorous"),
        ("50-65% HRR (review table)", "percent_hrr", 50, 65, ""),
        ("65% VO2R", "percent_hrr", 65, 65, "vigorous"),
        ("3.6-5.2 METs", "met", 3.6, 5.2, "moderate"),
        ("brisk walking (4 MET)", "met", 4, 4, "moderate"),
    ],
)
def test_plain_statements(text, scale, low, high, kind):
    assert parse_intensity(text) == (scale, low, high, kind)


@pytest.mark.parametrize(
    "text",
    [
        "", "180 min/week", "80% 1RM", "65-70% 1RM, six exercises", "58% PPO, 30-50 min",
        "4x4 min at 85-95% HRmax", "10 x 1 min at 90% HRmax", "4 min 80% / 3 min 50% VO2max",
        "30% rising to 60% HRR", "60-65% then 80-85% HRmax", "45-55 or 65-75% HRR",
        "50 or 80% VO2max", "60 and 90% VO2peak in 4-min intervals", ">=70% VO2peak",
        ">75% HRR, 2:1", "75-90% max strength", "60-80% maximum capacity, 20-40 min", "0% HRmax",
        "70-60% HRmax", "120% VO2peak", "60-75% (HRmax in companion paper)", "high",
        "low to moderate",
        "moderate to high", "moderate-to-vigorous", "130-135 beats/min", ">=5.2 METs",
        "65-80% HRmax 150 min/wk 6 mo, then 45-55% HRmax 150 min/wk 6 mo",
        "75% VO2peak twice a week; 2-min bouts at 85%/50% once a week",
    ],
)  # fmt: skip
def test_what_is_not_plain_is_unknown(text):
    assert parse_intensity(text) == ("", None, None, "")


@pytest.mark.parametrize("text", ["moderate", "moderate, 175 min/wk", "Moderate (review)"])
def test_a_word_gives_a_class_and_no_number(text):
    found = parse_intensity(text)
    assert found == ("", None, None, "moderate")
    assert percent_vo2max(found) is None


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("55% VO2max", 55.0),
        ("50-60% VO2max", 55.0),
        ("64% HRmax", 46.0),  # lower ends of moderate ...
        ("60% HRR", 64.0),  # ... and of vigorous on either scale
        ("40-60% HRR", 55.0),
        ("70.5% HRmax", 55.0),  # half-way through moderate on both
        ("20% HRR", None),
        ("97% HRmax", None),
        ("4 METs", None),
        ("moderate", None),
    ],
)
def test_percent_of_vo2max(text, percent):
    assert percent_vo2max(parse_intensity(text)) == (
        None if percent is None else pytest.approx(percent)
    )


def test_only_continuous_aerobic_training_has_one_intensity():
    assert intensity_of("60% VO2max", ["aerobic"])["percent_vo2max"] == 60.0
    assert intensity_of("60% VO2max", ["diet", "aerobic"])["intensity_class"] == "moderate"
    for parts in (["hiit"], ["aerobic", "resistance"], ["resistance"], ["diet"], []):
        assert intensity_of("60% VO2max", parts) == {"intensity_class": "", "percent_vo2max": None}


def test_real_arms(real_run):
    """Every reading of the real arms follows from its own printed text, and most are readable."""
    arms = real_run.harmonized.arms
    read = arms[arms["percent_vo2max"].notna()]
    assert len(read) > 40
    assert set(read["modality"]) <= {"aerobic", "diet_plus_aerobic"}
    assert read["percent_vo2max"].between(37, 100).all()
    assert read["intensity"].str.contains("%").all()
    chosen = read.set_index(["trial_id", "arm_id"])["percent_vo2max"]
    assert chosen["keating2015", "hilo"] == 70.0
    assert chosen["hay2016", "mod"] == pytest.approx(46 + 18 * 7.5 / 20)  # 47.5 % HRR
