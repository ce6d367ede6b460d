"""The rules, row by row as they are agreed. No database."""

from datetime import date
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.compliance import (
    Because,
    CompliantWhen,
    Component,
    ComponentSummary,
    Level,
    RecordFacts,
    RecordState,
    RequirementFacts,
    Standing,
    Status,
    Summary,
    WorkerStatus,
    add_months,
    is_compliant,
    level_of,
    next_change_on,
    standing_of,
    status_on,
    summary,
)

REQUIRED, OPTIONAL, NOT_APPLICABLE = Level
CRANE_OPERATOR, WELDER = 1, 2
CALGARY, EDMONTON = 10, 20


def requirement(**facts):
    return RequirementFacts(
        **{
            "version": 1,
            "validity_months": None,
            "coming_due_days": 30,
            "compliant_when": CompliantWhen.AFTER_APPROVAL,
            **facts,
        }
    )


def record(state, completed_on=None, **facts):
    return RecordFacts(
        **{
            "id": 1,
            "state": RecordState(state),
            "requirement_version": 1,
            "completed_on": completed_on,
            "issued_on": None,
            "submitted_on": None,
            "expires_on": None,
            "recorded_on": date(2026, 1, 1),
            **facts,
        }
    )


# --- The table of statuses -------------------------------------------------------------

TODAY = date(2026, 3, 2)
LONG_AGO, YESTERDAY, TOMORROW, FAR_OFF = (
    date(2020, 1, 1),
    date(2026, 3, 1),
    date(2026, 3, 3),
    date(2027, 1, 1),
)


@pytest.mark.parametrize(
    ("records", "status", "after_approval", "on_submission"),
    [
        pytest.param([], "missing", False, False, id="missing"),
        pytest.param([record("in_progress")], "in_progress", False, False, id="in-progress"),
        pytest.param(
            [record("submitted", LONG_AGO)], "waiting_for_approval", False, True, id="waiting"
        ),
        pytest.param([record("rejected", LONG_AGO)], "rejected", False, False, id="rejected"),
        pytest.param([record("approved", LONG_AGO)], "current", True, True, id="current"),
        pytest.param(
            [record("approved", LONG_AGO, expires_on=TOMORROW)],
            "coming_due",
            True,
            True,
            id="coming-due",
        ),
        pytest.param(
            [record("approved", LONG_AGO, expires_on=YESTERDAY)],
            "expired",
            False,
            False,
            id="expired",
        ),
        pytest.param(
            [record("approved", LONG_AGO, requirement_version=0)],
            "review_again",
            False,
            False,
            id="review-again",
        ),
        pytest.param([record("declined", LONG_AGO)], "declined", False, False, id="declined"),
        pytest.param(
            [record("requires_supervision", LONG_AGO)],
            "requires_supervision",
            False,
            False,
            id="requires-supervision",
        ),
        pytest.param(
            [record("prequalified", LONG_AGO)], "prequalified", True, True, id="prequalified"
        ),
    ],
)
def test_each_status_counts_as_the_table_says(records, status, after_approval, on_submission):
    for compliant_when, expected in (
        (CompliantWhen.AFTER_APPROVAL, after_approval),
        (CompliantWhen.ON_SUBMISSION, on_submission),
    ):
        found = standing_of(records, requirement(compliant_when=compliant_when))
        on_the_day = status_on(found.standing, found.coming_due_on, found.expires_on, TODAY)
        assert on_the_day == status
        assert is_compliant(on_the_day, compliant_when) is expected


# --- Levels ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("assigned", "expected"),
    [
        pytest.param({}, None, id="nothing-assigned"),
        pytest.param({(WELDER, None): REQUIRED}, None, id="another-position"),
        pytest.param({(None, EDMONTON): REQUIRED}, None, id="another-location"),
        pytest.param({(CRANE_OPERATOR, EDMONTON): REQUIRED}, None, id="position-elsewhere"),
        pytest.param({(WELDER, CALGARY): REQUIRED}, None, id="another-position-here"),
        pytest.param(
            {(CRANE_OPERATOR, None): REQUIRED}, (REQUIRED, Because.POSITION), id="position"
        ),
        pytest.param({(None, CALGARY): OPTIONAL}, (OPTIONAL, Because.LOCATION), id="location"),
        pytest.param(
            {(CRANE_OPERATOR, None): OPTIONAL, (None, CALGARY): OPTIONAL},
            (OPTIONAL, Because.POSITION_AND_LOCATION),
            id="two-that-agree",
        ),
        pytest.param(
            {(CRANE_OPERATOR, None): OPTIONAL, (None, CALGARY): REQUIRED},
            (REQUIRED, Because.LOCATION),
            id="required-beats-optional",
        ),
        pytest.param(
            {(CRANE_OPERATOR, None): OPTIONAL, (None, CALGARY): NOT_APPLICABLE},
            (OPTIONAL, Because.POSITION),
            id="optional-beats-not-applicable",
        ),
        pytest.param(
            {(CRANE_OPERATOR, None): REQUIRED, (None, CALGARY): NOT_APPLICABLE},
            (REQUIRED, Because.POSITION),
            id="required-beats-not-applicable",
        ),
        pytest.param(
            {
                (CRANE_OPERATOR, CALGARY): NOT_APPLICABLE,
                (CRANE_OPERATOR, None): REQUIRED,
                (None, CALGARY): REQUIRED,
            },
            (NOT_APPLICABLE, Because.POSITION_AT_LOCATION),
            id="the-most-specific-wins-though-milder",
        ),
    ],
)
def test_level_comes_from_the_most_specific_assignment(assigned, expected):
    assert level_of(assigned, position_id=CRANE_OPERATOR, location_id=CALGARY) == expected


@pytest.mark.parametrize(
    ("position_id", "location_id", "expected"),
    [
        pytest.param(None, None, None, id="neither"),
        pytest.param(CRANE_OPERATOR, None, (REQUIRED, Because.POSITION), id="no-location"),
        pytest.param(None, CALGARY, (OPTIONAL, Because.LOCATION), id="no-position"),
    ],
)
def test_who_has_no_position_or_location_gets_only_the_other_ones_level(
    position_id, location_id, expected
):
    assigned = {
        (CRANE_OPERATOR, None): REQUIRED,
        (None, CALGARY): OPTIONAL,
        (CRANE_OPERATOR, CALGARY): NOT_APPLICABLE,
    }
    assert level_of(assigned, position_id=position_id, location_id=location_id) == expected


# --- The record that counts ------------------------------------------------------------

OLD, NEW, NEWER = date(2025, 1, 10), date(2025, 6, 10), date(2025, 9, 10)


@pytest.mark.parametrize(
    ("records", "counts", "standing"),
    [
        pytest.param(
            [record("approved", OLD, id=1), record("in_progress", NEW, id=2)],
            1,
            "current",
            id="renewal-in-progress-does-not-displace",
        ),
        pytest.param(
            [record("approved", OLD, id=1), record("submitted", NEW, id=2)],
            1,
            "current",
            id="renewal-that-waits-does-not-displace",
        ),
        pytest.param(
            [record("prequalified", OLD, id=1), record("rejected", NEW, id=2)],
            1,
            "prequalified",
            id="rejected-renewal-does-not-displace",
        ),
        pytest.param(
            [
                record("approved", OLD, id=1, expires_on=date(2025, 12, 31)),
                record("in_progress", NEW, id=2),
            ],
            1,
            "current",
            id="nor-does-a-renewal-of-an-expired-one",
        ),
        pytest.param(
            [
                record("approved", NEW, id=1, expires_on=date(2026, 1, 1)),
                record("approved", OLD, id=2, expires_on=date(2027, 1, 1)),
            ],
            2,
            "current",
            id="latest-expiry-wins-though-older",
        ),
        pytest.param(
            [
                record("approved", OLD, id=1),
                record("approved", NEW, id=2, expires_on=date(2099, 1, 1)),
            ],
            1,
            "current",
            id="never-expires-is-the-latest-expiry",
        ),
        pytest.param(
            [record("approved", OLD, id=1), record("approved", NEW, id=2)],
            2,
            "current",
            id="newest-wins-at-equal-expiry",
        ),
        pytest.param(
            [record("approved", NEW, id=1), record("approved", NEW, id=2)],
            2,
            "current",
            id="later-entry-wins-on-the-same-day",
        ),
        pytest.param(
            [record("approved", OLD, id=1), record("declined", NEW, id=2)],
            2,
            "declined",
            id="newer-decline-overrules",
        ),
        pytest.param(
            [record("approved", OLD, id=1), record("requires_supervision", OLD, id=2)],
            2,
            "requires_supervision",
            id="verdict-of-the-same-day-entered-later-overrules",
        ),
        pytest.param(
            [record("approved", NEW, id=1), record("declined", OLD, id=2)],
            1,
            "current",
            id="older-decline-does-not-overrule",
        ),
        pytest.param(
            [
                record("approved", OLD, id=1),
                record("declined", NEW, id=2),
                record("approved", NEWER, id=3, expires_on=date(2027, 1, 1)),
            ],
            3,
            "current",
            id="approval-after-a-verdict-counts-though-an-overruled-one-never-expires",
        ),
        pytest.param(
            [
                record("approved", OLD, id=1),
                record("declined", NEW, id=2),
                record("requires_supervision", NEWER, id=3),
            ],
            3,
            "requires_supervision",
            id="newest-verdict-counts",
        ),
        pytest.param(
            [
                record("approved", OLD, id=1),
                record("declined", NEW, id=2),
                record("in_progress", NEWER, id=3),
            ],
            2,
            "declined",
            id="attempt-after-a-verdict-does-not-displace-it",
        ),
        pytest.param(
            [record("declined", OLD, id=1), record("in_progress", NEW, id=2)],
            2,
            "in_progress",
            id="newest-counts-where-nothing-bears",
        ),
        pytest.param(
            [record("rejected", OLD, id=2), record("submitted", NEW, id=1)],
            1,
            "waiting_for_approval",
            id="newest-goes-by-date-before-entry",
        ),
        pytest.param(
            [
                record("rejected", NEW, id=1),
                record("in_progress", id=2, recorded_on=NEWER),
            ],
            2,
            "in_progress",
            id="without-a-date-the-day-of-entry-places-it",
        ),
    ],
)
def test_the_record_that_counts(records, counts, standing):
    for given_order in (records, records[::-1]):
        found = standing_of(given_order, requirement())
        assert (found.record_id, found.standing) == (counts, standing)


def test_date_of_a_record_is_completed_then_issued_then_submitted():
    records = [
        record("approved", id=1, completed_on=NEW, issued_on=OLD, submitted_on=OLD),
        record("approved", id=2, issued_on=OLD, submitted_on=NEWER),
    ]
    assert standing_of(records, requirement()).record_id == 1


def test_current_version_wins_over_a_later_expiry_of_an_older_one():
    records = [
        record("approved", OLD, id=1, requirement_version=2, expires_on=date(2026, 1, 1)),
        record("approved", NEW, id=2, requirement_version=1),
    ]
    assert standing_of(records, requirement(version=2)) == Standing(
        Status.CURRENT, 1, date(2026, 1, 1), date(2025, 12, 2)
    )


@pytest.mark.parametrize("state", ["approved", "prequalified"])
def test_record_of_an_older_version_must_be_reviewed_again(state):
    found = standing_of([record(state, OLD)], requirement(version=2))
    assert found == Standing(Status.REVIEW_AGAIN, 1)


def test_submission_bears_only_when_it_is_enough():
    records = [record("submitted", OLD, id=1), record("rejected", NEW, id=2)]
    on_submission = CompliantWhen.ON_SUBMISSION
    assert standing_of(records, requirement()).standing == "rejected"
    found = standing_of(records, requirement(compliant_when=on_submission))
    assert found == Standing(Status.WAITING_FOR_APPROVAL, 1)
    found = standing_of(records, requirement(compliant_when=on_submission, version=2))
    assert found == Standing(Status.REVIEW_AGAIN, 1)


# --- Expiry ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "expires_on"),
    [
        pytest.param({"completed_on": date(2023, 2, 10)}, date(2026, 2, 10), id="completed"),
        pytest.param({"issued_on": date(2023, 2, 11)}, date(2026, 2, 11), id="issued"),
        pytest.param({"submitted_on": date(2023, 2, 12)}, date(2026, 2, 12), id="submitted"),
        pytest.param(
            {"completed_on": date(2023, 2, 10), "issued_on": date(2023, 5, 5)},
            date(2026, 2, 10),
            id="completed-before-issued",
        ),
        pytest.param(
            {"completed_on": date(2023, 2, 10), "expires_on": date(2024, 1, 1)},
            date(2024, 1, 1),
            id="as-printed",
        ),
        pytest.param({}, None, id="without-a-date"),
    ],
)
def test_expiry_is_printed_or_follows_from_the_validity(facts, expires_on):
    found = standing_of([record("approved", **facts)], requirement(validity_months=36))
    assert found.expires_on == expires_on


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        pytest.param(date(2026, 1, 31), 1, date(2026, 2, 28), id="short-month"),
        pytest.param(date(2024, 1, 31), 1, date(2024, 2, 29), id="leap-year"),
        pytest.param(date(2024, 2, 29), 12, date(2025, 2, 28), id="leap-day-a-year-later"),
        pytest.param(date(2025, 11, 30), 1, date(2025, 12, 30), id="to-december"),
        pytest.param(date(2025, 12, 15), 1, date(2026, 1, 15), id="over-new-year"),
        pytest.param(date(2025, 5, 5), 36, date(2028, 5, 5), id="three-years"),
        pytest.param(date(9999, 12, 1), 1, date(9999, 12, 31), id="end-of-the-calendar"),
    ],
)
def test_months_are_calendar_months(day, months, expected):
    assert add_months(day, months) == expected


@pytest.mark.parametrize(
    ("today", "status"),
    [
        pytest.param(date(2026, 3, 30), "current", id="the-day-before-it-comes-due"),
        pytest.param(date(2026, 3, 31), "coming_due", id="the-day-it-comes-due"),
        pytest.param(date(2026, 4, 30), "coming_due", id="the-expiry-day-is-valid-to-its-end"),
        pytest.param(date(2026, 5, 1), "expired", id="the-day-after"),
    ],
)
def test_current_comes_due_and_expires(today, status):
    found = standing_of([record("approved", OLD, expires_on=date(2026, 4, 30))], requirement())
    assert found.coming_due_on == date(2026, 3, 31)
    assert status_on(found.standing, found.coming_due_on, found.expires_on, today) == status


@pytest.mark.parametrize(
    ("records", "version"),
    [
        pytest.param([record("prequalified", OLD, expires_on=TOMORROW)], 1, id="prequalified"),
        pytest.param([record("approved", OLD, expires_on=TOMORROW)], 2, id="review-again"),
        pytest.param([record("submitted", OLD, expires_on=TOMORROW)], 1, id="waiting"),
    ],
)
def test_what_is_not_current_expires_but_never_comes_due(records, version):
    found = standing_of(records, requirement(version=version))
    assert found.coming_due_on is None
    assert status_on(found.standing, None, found.expires_on, TODAY) == found.standing
    assert status_on(found.standing, None, found.expires_on, FAR_OFF) == "expired"


@pytest.mark.parametrize("state", ["in_progress", "rejected", "declined", "requires_supervision"])
def test_what_was_never_valid_does_not_expire(state):
    found = standing_of([record(state, OLD, expires_on=YESTERDAY)], requirement(validity_months=12))
    assert found == Standing(Status(state), 1, expires_on=None, coming_due_on=None)
    assert status_on(found.standing, None, YESTERDAY, TODAY) == state


def test_coming_due_stops_at_the_beginning_of_the_calendar():
    found = standing_of([record("approved", OLD, expires_on=date(1, 1, 5))], requirement())
    assert found.coming_due_on == date(1, 1, 1)


# --- The next change -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("standing", "today", "expected"),
    [
        pytest.param("current", date(2026, 3, 30), date(2026, 3, 31), id="comes-due"),
        pytest.param("current", date(2026, 3, 31), date(2026, 5, 1), id="expires"),
        pytest.param("current", date(2026, 4, 30), date(2026, 5, 1), id="on-its-last-day"),
        pytest.param("current", date(2026, 5, 1), None, id="has-expired"),
        pytest.param("prequalified", date(2026, 3, 30), date(2026, 5, 1), id="prequalified"),
        pytest.param("review_again", date(2026, 3, 30), date(2026, 5, 1), id="review-again"),
        pytest.param("waiting_for_approval", date(2026, 3, 30), date(2026, 5, 1), id="waiting"),
        pytest.param("declined", date(2026, 3, 30), None, id="declined"),
        pytest.param("missing", date(2026, 3, 30), None, id="missing"),
    ],
)
def test_next_change_is_the_first_day_with_another_status(standing, today, expected):
    coming_due_on = date(2026, 3, 31) if standing == "current" else None
    expires_on = date(2026, 4, 30)
    assert next_change_on(Status(standing), coming_due_on, expires_on, today) == expected


def test_what_never_expires_never_changes():
    assert next_change_on(Status.CURRENT, None, None, TODAY) is None
    assert next_change_on(Status.CURRENT, None, date.max, TODAY) is None


dates = st.dates(date(2025, 1, 1), date(2025, 3, 1))


@given(
    state=st.sampled_from(list(RecordState)),
    expires_on=st.none() | dates,
    coming_due_days=st.integers(0, 40),
    today=dates,
)
def test_status_stays_until_the_next_change_and_differs_then(
    state, expires_on, coming_due_days, today
):
    found = standing_of(
        [record(state, LONG_AGO, expires_on=expires_on)],
        requirement(coming_due_days=coming_due_days),
    )
    stored = (found.standing, found.coming_due_on, found.expires_on)
    day_of_change = next_change_on(*stored, today)
    for ordinal in range(today.toordinal(), date(2025, 4, 1).toordinal()):
        day = date.fromordinal(ordinal)
        if day == day_of_change:
            assert status_on(*stored, day) != status_on(*stored, today)
            break
        assert status_on(*stored, day) == status_on(*stored, today)


any_date = st.dates()


@given(
    records=st.lists(
        st.builds(
            RecordFacts,
            id=st.integers(1, 9),
            state=st.sampled_from(list(RecordState)),
            requirement_version=st.integers(1, 3),
            completed_on=st.none() | any_date,
            issued_on=st.none() | any_date,
            submitted_on=st.none() | any_date,
            expires_on=st.none() | any_date,
            recorded_on=any_date,
        ),
        max_size=5,
        unique_by=lambda facts: facts.id,
    ),
    facts=st.builds(
        RequirementFacts,
        version=st.integers(1, 3),
        validity_months=st.none() | st.integers(1, 600),
        coming_due_days=st.integers(0, 366),
        compliant_when=st.sampled_from(list(CompliantWhen)),
    ),
    today=any_date,
)
def test_every_date_of_the_calendar_can_be_judged(records, facts, today):
    found = standing_of(records, facts)
    status_on(found.standing, found.coming_due_on, found.expires_on, today)
    next_change_on(found.standing, found.coming_due_on, found.expires_on, today)


# --- The summary -----------------------------------------------------------------------


def item(component, status, *, level=REQUIRED, compliant_when=CompliantWhen.AFTER_APPROVAL):
    return SimpleNamespace(
        component=Component(component),
        level=level,
        status=Status(status),
        compliant=is_compliant(Status(status), compliant_when),
    )


def test_summary_counts_required_items_by_component_in_their_order():
    items = [
        item("orientation", "current"),
        item("certificate", "current"),
        item("certificate", "expired"),
        item("certificate", "coming_due"),
        item("policy", "missing"),
        item("bulletin", "missing", level=OPTIONAL),
        item("policy", "coming_due", level=OPTIONAL),
    ]
    found = summary(items, is_active=True)
    assert found == Summary(
        compliant=False,
        status=WorkerStatus.NOT_COMPLIANT,
        percent=60,
        required=5,
        complete=3,
        coming_due=1,
        components=(
            ComponentSummary(Component.CERTIFICATE, 3, 2, 66),
            ComponentSummary(Component.POLICY, 1, 0, 0),
            ComponentSummary(Component.ORIENTATION, 1, 1, 100),
        ),
    )
    assert found.outstanding == 2


def test_percent_is_rounded_down_so_that_100_means_all():
    items = [item("policy", "current")] * 299 + [item("policy", "missing")]
    found = summary(items, is_active=True)
    assert (found.percent, found.compliant, found.status) == (99, False, "not_compliant")
    assert found.components[0].percent == 99


def test_all_complete_is_compliant():
    found = summary([item("policy", "current"), item("policy", "prequalified")], is_active=True)
    assert (found.percent, found.compliant, found.status) == (100, True, "compliant")
    assert (found.outstanding, found.coming_due) == (0, 0)


@pytest.mark.parametrize(
    "items",
    [
        pytest.param([], id="no-items"),
        pytest.param([item("policy", "missing", level=OPTIONAL)], id="only-optional-ones"),
    ],
)
def test_nothing_required_is_compliant_without_a_percentage(items):
    assert summary(items, is_active=True) == Summary(
        compliant=True,
        status=WorkerStatus.NOTHING_REQUIRED,
        percent=None,
        required=0,
        complete=0,
        coming_due=0,
        components=(),
    )


def test_inactive_worker_is_not_compliant():
    assert summary([], is_active=False) == Summary(
        compliant=False,
        status=WorkerStatus.INACTIVE,
        percent=None,
        required=0,
        complete=0,
        coming_due=0,
        components=(),
    )


def test_the_seven_components_have_their_order():
    assert [str(component) for component in Component] == [
        "online_training",
        "certificate",
        "policy",
        "procedure",
        "bulletin",
        "competency",
        "orientation",
    ]
