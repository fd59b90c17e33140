"""What goes wrong in a script is in its log; input that will not do ends it without a traceback."""

import warnings

import pytest

from liverfit.data.findings import DataError, Finding
from liverfit.job import Refused, logged
from liverfit.store import StoreError

FINDING = Finding("a.csv", 3, "n", "'x' is no number", "a whole number", "mend it")


@pytest.mark.parametrize("error", [Refused("no good"), StoreError("no good"), DataError([FINDING])])
def test_input_that_will_not_do(tmp_path, capsys, error):
    with pytest.raises(SystemExit) as ended, logged(tmp_path / "logs" / "x.log"):
        raise error
    assert ended.value.code == 1
    assert capsys.readouterr().err == f"{error}\n"
    assert "Traceback" not in (tmp_path / "logs" / "x.log").read_text()
    assert str(error) in (tmp_path / "logs" / "x.log").read_text()


def test_an_exception_is_in_the_log_with_its_traceback(tmp_path):
    with pytest.raises(ZeroDivisionError), logged(tmp_path / "x.log"):
        _ = 1 / 0
    text = (tmp_path / "x.log").read_text()
    assert "Traceback" in text
    assert "ZeroDivisionError" in text


def test_messages_and_warnings_are_in_the_log(tmp_path):
    with logged(tmp_path / "x.log") as log:
        log.warning("left out")
        warnings.warn("careful", stacklevel=1)
    text = (tmp_path / "x.log").read_text()
    assert "WARNING left out" in text
    assert "careful" in text
    assert "done in" in text
