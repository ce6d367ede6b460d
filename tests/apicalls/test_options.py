"""What the values of a request mean, and what is no value of theirs."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apicalls.options import PARAMETERS, instant, read_options
from apicalls.parameters import PARAMETER_NAMES
from workers.compliance import Component, WorkerStatus


@pytest.mark.parametrize(
    ("name", "text", "meaning"),
    [
        ("validThrough", "2026-12-31", date(2026, 12, 31)),
        ("dueBefore", " 2026-02-28 ", date(2026, 2, 28)),
        ("status", "not_compliant", WorkerStatus.NOT_COMPLIANT),
        ("status", "Compliant", WorkerStatus.COMPLIANT),
        ("component", "online_training", Component.ONLINE_TRAINING),
        ("requiredOnly", "TRUE", True),
        ("stream", "false", False),
        ("limit", "1000", 1000),
        ("withinDays", "366", 366),
        ("position", "Crane Operator ", "Crane Operator"),
    ],
)
def test_values_become_what_they_mean(name, text, meaning):
    assert read_options({name: text}) == ({name: meaning}, [])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("validThrough", "31.12.2026"),
        ("validThrough", "2026-02-30"),
        ("validThrough", "20261231"),
        ("validThrough", "٢٠٢٦-12-31"),
        ("validThrough", "10000-01-01"),
        ("limit", "0"),
        ("limit", "1001"),
        ("limit", "١٠"),
        ("limit", "1_0"),
        ("limit", "+5"),
        ("limit", "9" * 30),
        ("withinDays", "367"),
        ("withinDays", "-1"),
        ("withinDays", "1.5"),
        ("status", "expired"),
        ("component", "course"),
        ("requiredOnly", "1"),
        ("stream", "yes"),
    ],
)
def test_what_is_no_value_is_refused_by_name(name, text):
    read, faults = read_options({name: text})
    assert read == {}
    assert [(fault.code, fault.parameter) for fault in faults] == [("invalid_parameter", name)]
    assert faults[0].message.startswith(f"{name} must be ")


def test_a_stream_has_no_pages():
    _read, faults = read_options({"stream": "true", "limit": "10"})
    assert [fault.parameter for fault in faults] == ["stream"]
    assert read_options({"stream": "false", "limit": "10"})[1] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24T09:04:09Z", datetime(2026, 11, 24, 9, 4, 9, tzinfo=UTC)),
        ("2026-11-24t09:04:09.5z", datetime(2026, 11, 24, 9, 4, 9, 500000, tzinfo=UTC)),
        ("2026-11-24T02:04-07:00", datetime(2026, 11, 24, 9, 4, tzinfo=UTC)),
        ("2026-11-24T09:04:09", None),
        ("2026-11-24", None),
        ("2026-02-30T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("2026-11-24T09:04:09+99:99", None),
    ],
)
def test_an_instant_has_its_zone(text, expected):
    assert instant(text) == expected


@given(st.dictionaries(st.sampled_from(PARAMETER_NAMES), st.text(max_size=30)))
def test_nothing_that_is_sent_is_an_error_here(values):
    read, faults = read_options(values)
    assert set(read) | {fault.parameter for fault in faults} == set(values)


def test_every_parameter_is_described():
    assert set(PARAMETERS) == set(PARAMETER_NAMES)
    for name, parameter in PARAMETERS.items():
        if parameter.example and name not in {"cursor", "since"}:
            assert read_options({name: parameter.example})[1] == []
