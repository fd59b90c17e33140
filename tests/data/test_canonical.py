"""Spellings and units: every unit of config/outcomes.yaml against a pair known from elsewhere."""

from __future__ import annotations

import pytest
from harmonize_parts import config

from liverfit.data.canonical import Outcomes, Spellings, UnknownUnit, without_note

# (outcome, unit): printed level, canonical level, printed difference, canonical difference.
# Molar masses: glucose 180.156, cholesterol 386.65, triolein 885.4, testosterone 288.42 g/mol.
CONVERTED = {
    ("body_weight", "lb"): (220.462262, 100.0, 22.0462262, 10.0),
    ("vat", "mm2"): (15000, 150.0, -400, -4.0),
    ("fat_mass", "g"): (31879, 31.879, -1200, -1.2),
    ("fat_free_mass", "g"): (58200, 58.2, 1500, 1.5),
    ("vo2peak", "mL/min"): (2500, 2.5, 300, 0.3),
    ("fasting_insulin", "uU/mL"): (10, 60.0, -3.5, -21.0),
    ("fasting_glucose", "mg/dL"): (90.08, 5.0, -18.0156, -1.0),
    # 53 mmol/mol is 7.0 %, 42 mmol/mol is 6.0 %; 11 mmol/mol apart is 1.0 point, no offset
    ("hba1c", "mmol/mol"): (53, 7.0, 11, 1.0),
    ("peripheral_insulin_sensitivity", "umol/kg/min"): (55.5075, 10.0, 5.55075, 1.0),
    ("hepatic_glucose_production", "umol/kg/min"): (11.1015, 2.0, -5.55075, -1.0),
    ("training_time", "h/week"): (2.5, 150.0, -0.5, -30.0),
    ("hdl", "mg/dL"): (38.665, 1.0, 3.8665, 0.1),
    ("ldl", "mg/dL"): (115.995, 3.0, -38.665, -1.0),
    ("triglycerides", "mg/dL"): (88.54, 1.0, -177.08, -2.0),
    ("testosterone", "ng/dL"): (288.42, 10.0, 576.84, 20.0),
    ("testosterone", "ng/mL"): (2.8842, 10.0, 5.7684, 20.0),
    ("adiponectin", "ng/mL"): (7553, 7.553, -500, -0.5),
    ("fetuin_a", "g/L"): (0.5, 500.0, 0.1, 100.0),
}
UNITS = [
    (outcome, "" if unit is None else str(unit))
    for outcome, entry in config("outcomes")["outcomes"].items()
    for unit in entry["units"]
]


@pytest.fixture
def known() -> Outcomes:
    return Outcomes(config("outcomes")["outcomes"])


@pytest.mark.parametrize(("outcome", "unit"), UNITS)
def test_each_unit_converts_as_known_or_not_at_all(known, outcome, unit):
    scale = known.scale(outcome, unit)
    if (outcome, unit) not in CONVERTED:
        assert (scale.factor, scale.offset) == (1.0, 0.0), "a conversion needs a known pair here"
        assert scale.level(3.7) == scale.difference(3.7) == 3.7
        return
    level, canonical_level, difference, canonical_difference = CONVERTED[outcome, unit]
    assert scale.level(level) == pytest.approx(canonical_level, rel=2e-4)
    tolerance = 0.01 if unit == "mmol/mol" else 2e-4  # the master equation's slope: 1.006 for 11
    assert scale.difference(difference) == pytest.approx(canonical_difference, rel=tolerance)


def test_every_known_pair_is_of_a_declared_unit():
    assert set(CONVERTED) <= set(UNITS)


def test_offset_is_for_levels_only(known):
    scale = known.scale("hba1c", "mmol/mol")
    # IFCC to NGSP: 0.09148 x 42 + 2.152 = 5.994
    assert scale.level(42) == pytest.approx(5.99416)
    assert scale.difference(0) == 0
    assert scale.level(None) is scale.difference(None) is None


@pytest.mark.parametrize(
    ("outcome", "unit", "method", "sign"),
    [
        ("liver_fat", "percent", "1H-MRS", 1),
        ("liver_fat", "HU", "CT-HU", -1),
        ("liver_fat", "ratio_liver_spleen", "CT-HU", -1),
        ("liver_fat", "dB/m", "CAP", 1),
        ("peripheral_insulin_sensitivity", "mg/dL SSPG", "sspg", -1),
        ("peripheral_insulin_sensitivity", "percent_relative", "insulin test, SSPG (steady)", -1),
        ("peripheral_insulin_sensitivity", "mg/kg/min", "clamp", 1),
        ("peripheral_insulin_sensitivity", "index", "clamp index of resistance: turn", -1),
        ("hepatic_insulin_sensitivity", "index", "hepatic_ir_index turn the sign", -1),
        ("hepatic_insulin_sensitivity", "percent", "egp_suppression", 1),
    ],
)
def test_sign_turns_where_more_is_less(known, outcome, unit, method, sign):
    assert known.scale(outcome, unit, method).sign == sign


def test_relative_changes_lie_on_a_scale_of_their_own(known):
    for outcome in known.entries:
        scale = known.scale(outcome, "percent_relative")
        assert scale.relative
        assert not scale.canonical
        for unit in known.entries[outcome]["units"]:
            assert known.scale(outcome, "" if unit is None else str(unit)).name != scale.name


def test_unknown_unit_names_the_known_ones(known):
    with pytest.raises(UnknownUnit) as error:
        known.scale("body_weight", "stone")
    assert error.value.known == ["kg", "lb"]


def test_printed_method_shows_that_a_percent_is_lipid_to_water(known):
    lipid = "percent_lipid_to_water"
    assert known.unit("liver_fat", "percent", "1H-MRS liver fat/water %") == lipid
    assert known.unit("liver_fat", "percent", "1H-MRS") == "percent"
    assert known.unit("liver_fat", "percent_relative", "fat/water") == "percent_relative"


def test_aliases_lead_to_the_outcome(known):
    assert known.name("other:insulin_sensitivity_index") == "peripheral_insulin_sensitivity"
    assert known.name("liver_fat") == "liver_fat"
    assert known.name("other:leptin") is None


@pytest.mark.parametrize(
    ("text", "spelling", "note"),
    [
        ("percent", "percent", ""),
        ("cm3 (own unit, volume)", "cm3", "own unit, volume"),
        ("1e-4/min/(uU/mL) (minus sign lost: ibanez2005)", "1e-4/min/(uU/mL)",
         "minus sign lost: ibanez2005"),
        ("drop (same as liver_fat of ex_ws, con_ws)", "drop", "same as liver_fat of ex_ws, con_ws"),
    ],
)  # fmt: skip
def test_note_behind_a_spelling(text, spelling, note):
    assert without_note(text) == (spelling, note)


def test_narrow_scope_beats_the_general_rule_and_uses_are_counted():
    rows = [
        {"table": "measurements", "column": "unit", "found": "ng/mL", "canonical": "ng/mL"},
        {"table": "measurements", "column": "unit[fgf21]", "found": "ng/mL", "canonical": "pg/mL"},
        {"table": "measurements", "column": "spread_type", "found": "", "canonical": "none"},
    ]
    spell = Spellings.from_rows([{**r, "row_id": f"n:{i}"} for i, r in enumerate(rows)])
    assert spell.canonical("measurements", "unit", "ng/mL", "fgf21") == ("pg/mL", "")
    assert spell.canonical("measurements", "unit", "ng/mL", "irisin") == ("ng/mL", "")
    assert spell.canonical("measurements", "spread_type", "") == ("none", "")
    assert spell.canonical("arms", "unit", "ng/mL") == ("ng/mL", "")
    assert spell.used == {"n:0": 1, "n:1": 1, "n:2": 1}
