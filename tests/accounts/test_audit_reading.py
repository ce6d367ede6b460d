import pytest

from accounts.audit.reading import ActivityForm, page_of
from accounts.audit.trail import audit_event_add
from accounts.models import AuditEvent

pytestmark = pytest.mark.any_database


def _add_events(company, actor, *names):
    for name in names:
        audit_event_add(company=company, actor=actor, action=name, subject=company)


@pytest.fixture
def asked(company):
    """Return a function that tells which actions are found with a filter."""

    def ask(**data):
        form = ActivityForm(data, company=company)
        return [event.action for event in page_of(form.events()).events]

    return ask


def test_events_are_those_of_the_company_newest_first(
    asked, company, other_company, admin, outsider
):
    _add_events(company, admin, "first", "second")
    _add_events(other_company, outsider, "elsewhere")
    assert asked() == ["second", "first"]


def test_older_events_follow_without_gap_or_overlap(company, admin):
    _add_events(company, admin, *"abcde")
    events = AuditEvent.objects.for_company(company).order_by("-sequence")
    seen, older_than = "", None
    for _round in range(3):
        page = page_of(events, older_than=older_than, size=2)
        seen += "".join(event.action for event in page.events)
        older_than = page.older_than
    assert seen == "edcba"
    assert older_than is None


def test_events_are_filtered_by_who_and_by_text(asked, company, admin, viewer):
    _add_events(company, admin, "changed", "paused")
    _add_events(company, viewer, "changed")
    assert asked(person=viewer.code) == ["changed"]
    assert asked(q="CHANGE") == ["changed", "changed"]
    assert len(asked(q="northern")) == 3
    assert asked(person=viewer.code, q="paused") == []


def test_events_are_filtered_by_kind_and_by_one_thing(asked, company, admin, viewer):
    audit_event_add(company=company, actor=admin, action="renamed", subject=viewer)
    audit_event_add(company=company, actor=admin, action="promoted", subject=admin)
    _add_events(company, admin, "moved")
    assert asked(kind="accounts.user") == ["promoted", "renamed"]
    assert asked(kind="accounts.company") == ["moved"]
    assert asked(subject=f"accounts.user:{viewer.code}") == ["renamed"]


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        ("2026-03-01", "", ["night", "evening"]),
        ("2026-03-01", "2026-03-01", ["evening"]),
        ("", "2026-02-28", []),
        ("2026-03-02", "2026-03-02", ["night"]),
    ],
)
def test_days_are_those_of_the_company(asked, company, admin, time_machine, first, last, found):
    # 23:30 and 00:30 in Edmonton.
    time_machine.move_to("2026-03-02T06:30:00Z", tick=False)
    _add_events(company, admin, "evening")
    time_machine.move_to("2026-03-02T07:30:00Z", tick=False)
    _add_events(company, admin, "night")
    assert asked(first=first, last=last) == found


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "apicalls.nothing"},
        {"subject": "accounts.user:1 OR 1"},
        {"subject": "x\naccounts.user:1"},
        {"first": "tomorrow"},
        {"first": "2026-03-02", "last": "2026-03-01"},
        {"q": "\0"},
    ],
)
def test_a_filter_that_means_nothing_finds_nothing(asked, company, admin, data):
    _add_events(company, admin, "moved")
    assert asked(**data) == []
