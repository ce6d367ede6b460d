"""Two who edit one requirement, and a requirement that is asked no more."""

import pytest
from django.core.exceptions import ValidationError

from accounts.models import AuditEvent
from workers import services
from workers.models import WorkerRequirement


def test_the_second_of_two_who_edit_is_told(company, first_aid):
    seen = services.requirement_digest(first_aid)
    services.requirement_change(
        company=company, requirement=first_aid, by=None, seen=seen, category="Health"
    )
    with pytest.raises(services.ChangedMeanwhile):
        services.requirement_change(
            company=company, requirement=first_aid, by=None, seen=seen, category="Safety"
        )
    first_aid.refresh_from_db()
    assert first_aid.category == "Health"


@pytest.mark.parametrize(
    "fields",
    [
        {"component": "policy"},
        {"name": "Standard First Aid"},
        {"section_number": "4.2"},
        {"category": "Health"},
        {"validity_months": None},
        {"coming_due_days": 0},
        {"compliant_when": "on_submission"},
        {"version": 2},
        {"is_active": False},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_what_differs_is_seen_in_the_digest(company, first_aid, fields):
    before = services.requirement_digest(first_aid)
    changed = services.requirement_change(company=company, requirement=first_aid, by=None, **fields)
    assert services.requirement_digest(changed) != before


def test_a_requirement_is_asked_of_nobody_until_it_is_reactivated(company, admin, asked_first_aid):
    change = {"company": company, "requirement": asked_first_aid, "by": admin}
    assert services.requirement_deactivate(**change)
    assert not WorkerRequirement.objects.exists()
    assert services.requirement_reactivate(**change)
    assert WorkerRequirement.objects.count() == 1
    told = AuditEvent.objects.filter(actor=admin).order_by("pk")
    assert list(told.values_list("action", "changes")) == [
        ("deactivated", {"is_active": ["yes", "no"]}),
        ("reactivated", {"is_active": ["no", "yes"]}),
    ]


def test_what_was_done_already_is_not_told_again(company, first_aid):
    change = {"company": company, "requirement": first_aid, "by": None}
    assert not services.requirement_reactivate(**change)
    assert services.requirement_deactivate(**change)
    assert not services.requirement_deactivate(**change)
    assert AuditEvent.objects.filter(action="deactivated").count() == 1


@pytest.mark.parametrize(
    "change", [services.requirement_deactivate, services.requirement_reactivate]
)
def test_requirements_of_another_company_are_not_there(company, theirs, change):
    with pytest.raises(ValidationError) as raised:
        change(company=company, requirement=theirs["requirement"], by=None)
    assert raised.value.messages == ["Choose one that is there."]
    theirs["requirement"].refresh_from_db()
    assert theirs["requirement"].is_active
