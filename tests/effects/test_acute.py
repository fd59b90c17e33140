"""Hours after a bout, from printed words."""

import pytest

from liverfit.effects.acute import hours_after, window


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("8.2 pg/mL immediately after exercise", 0.0),
        ("plasma, end of the race", 0.0),
        ("2 h post exercise", 2.0),
        ("1.5 hours after", 1.5),
        ("30 min post", 0.5),
        ("24 h after the bout", 24.0),
        ("P<=0.053 at 4 and 7 h", None),
        ("1 h after and 3 h after", None),
        ("after 12 weeks", None),
        ("60 min moderate exercise", None),
        ("49.8 ± 11.9 ng/L", None),
        ("", None),
    ],
)
def test_hours_after(text, hours):
    assert hours_after(text) == hours


@pytest.mark.parametrize(
    ("hours", "name"),
    [(0.0, "immediately"), (0.9, "immediately"), (1.0, "1-3 h"), (3.0, "1-3 h"), (3.5, "later"),
     (None, "unknown")],
)  # fmt: skip
def test_window(hours, name):
    assert window(hours) == name
