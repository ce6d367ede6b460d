import logging
import sys

import pytest

from workhub.logs import LineFormatter

pytestmark = pytest.mark.any_database


def line(message, *args, exc_info=None):
    record = logging.LogRecord("w", logging.WARNING, "f.py", 1, message, args, exc_info)
    return LineFormatter("{levelname} {message}", style="{").format(record)


@pytest.mark.parametrize(
    ("sent", "written"),
    [
        ("a\nERROR forged", r"WARNING Not Found: a\nERROR forged"),
        ("a\r\nb", r"WARNING Not Found: a\r\nb"),
        ("\x1b[2J", r"WARNING Not Found: \x1b[2J"),
        ("a\x85b\u2028c", r"WARNING Not Found: a\x85b\u2028c"),
        ("Zoë\tÅ 李", "WARNING Not Found: Zoë\tÅ 李"),
    ],
)
def test_what_somebody_sends_cannot_look_like_a_line_of_ours(sent, written):
    assert line("Not Found: %s", sent) == written


def test_a_traceback_stays_readable_beneath_its_line():
    try:
        raise ValueError("boom\n2026-01-01 INFO forged")
    except ValueError:
        text = line("Failed", exc_info=sys.exc_info())
    first, *others = text.splitlines()
    assert first == "WARNING Failed"
    assert all(other.startswith("    ") for other in others)
    assert "    ValueError: boom" in others
