"""Cursors: only what was given out is taken back, by whom it was given to."""

import pytest

from apicalls.cursors import Cursors
from workhub.problems import Problem

FILTERS = {"status": "compliant"}


def test_a_cursor_comes_back_as_its_key():
    cursors = Cursors("compliance-roster", 7, FILTERS)
    assert cursors.read(cursors.make([12, "2026-01-01"])) == [12, "2026-01-01"]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Cursors("compliance-roster", 8, FILTERS), id="another-call"),
        pytest.param(Cursors("compliance-changes", 7, FILTERS), id="another-document"),
        pytest.param(Cursors("compliance-roster", 7, {"status": "inactive"}), id="other-filters"),
        pytest.param(Cursors("compliance-roster", 7), id="no-filters"),
    ],
)
def test_a_cursor_is_good_for_what_it_was_made_for_only(other):
    cursor = Cursors("compliance-roster", 7, FILTERS).make([12])
    with pytest.raises(Problem, match="invalid_cursor"):
        other.read(cursor)


@pytest.mark.parametrize("text", ["", ":", "WzEyXQ", "WzEyXQ:abc", "é" * 40, "\U0001f600", "12"])
def test_a_cursor_that_somebody_made_is_refused(text):
    with pytest.raises(Problem, match="invalid_cursor"):
        Cursors("compliance-roster", 7).read(text)


def test_a_changed_cursor_is_refused():
    cursors = Cursors("compliance-roster", 7)
    cursor = cursors.make([12])
    for place in range(len(cursor)):
        changed = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        with pytest.raises(Problem, match="invalid_cursor"):
            cursors.read(changed)
