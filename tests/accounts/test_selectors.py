from accounts import services
from accounts.models import User
from accounts.selectors import audit_events, people_of


def _add_events(company, actor, *names):
    for name in names:
        services.audit_event_add(company=company, actor=actor, action=name, subject=company)


def test_events_are_those_of_the_company_newest_first(company, other_company, admin, outsider):
    _add_events(company, admin, "first", "second")
    _add_events(other_company, outsider, "elsewhere")
    page = audit_events(company=company)
    assert [event.action for event in page.events] == ["second", "first"]
    assert page.older_than is None


def test_older_events_follow_without_gap_or_overlap(company, admin):
    _add_events(company, admin, *"abcde")
    seen, older_than = "", None
    for _round in range(3):
        page = audit_events(company=company, older_than=older_than, size=2)
        seen += "".join(event.action for event in page.events)
        older_than = page.older_than
    assert seen == "edcba"
    assert older_than is None


def test_events_are_filtered_by_who_and_by_text(company, admin, viewer):
    _add_events(company, admin, "changed", "paused")
    _add_events(company, viewer, "changed")
    assert len(audit_events(company=company, actor=viewer).events) == 1
    assert len(audit_events(company=company, text="CHANGE").events) == 2
    assert len(audit_events(company=company, text="northern").events) == 3
    assert audit_events(company=company, actor=viewer, text="paused").events == []


def test_people_are_found_by_name_or_email_in_their_company(company, admin, viewer, outsider):
    assert list(people_of(company=company)) == [admin, viewer]
    assert list(people_of(company=company, text="VIC")) == [viewer]
    assert list(people_of(company=company, text="admin@")) == [admin]


def test_the_deactivated_come_last(company, admin, viewer):
    User.objects.create_user("z@n.example", name="Zoe", company=company, role="admin")
    services.person_deactivate(person=admin, by=None)
    assert [person.name for person in people_of(company=company)] == [
        "Vic Viewer",
        "Zoe",
        "Ada Admin",
    ]
