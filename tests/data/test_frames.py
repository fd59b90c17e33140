"""Tables read and gathered row by row are those that pandas makes of a list of dicts."""

from __future__ import annotations

import pandas as pd
import pytest

from liverfit import frames

MIXED = [
    {"text": "a", "number": 1.5, "whole": 1, "truth": True, "nothing": None, "beside": 0},
    {"text": None, "number": None, "whole": 2, "truth": None, "nothing": None},
    {"text": "", "number": 2.0, "whole": 3, "truth": False, "nothing": None, "late": "b"},
]
NAMES = ("text", "number", "whole", "truth", "nothing", "late")


@pytest.mark.parametrize("rows", [MIXED, MIXED[:1], MIXED[1:2], []])
def test_gathered_rows_are_the_table_of_all_rows_at_once(rows):
    want = pd.DataFrame(rows, columns=list(NAMES))
    pd.testing.assert_frame_equal(frames.table(iter(rows), NAMES), want)


def test_rows_are_those_of_the_table():
    table = pd.DataFrame(MIXED[::2], columns=["text", "number", "whole", "truth"])
    got = list(frames.rows(table))
    assert got == table.to_dict("records")
    kinds = [str, float, int, bool]
    assert [[type(value) for value in row.values()] for row in got] == [kinds, kinds]
    assert list(frames.rows(table[:0])) == []
