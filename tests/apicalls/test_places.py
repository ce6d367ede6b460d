"""Scopes of API calls follow the places that they name."""

import pytest
from django.core.exceptions import ValidationError

from accounts.models import AuditEvent
from apicalls.models import APICall
from workers import services
from workers.models import Division, Location, Position


@pytest.mark.parametrize(
    ("kind", "name"), [(Division, "divisions"), (Location, "locations"), (Position, "positions")]
)
def test_a_scope_follows_a_merge(add_call, company, other_company, kind, name):
    place, into = (kind.objects.create(company=company, name=letter) for letter in "AB")
    scoped = add_call(company, scope={name: [place.pk], "worker_types": ["employee"]})
    free = add_call(company)
    theirs = add_call(other_company, scope={name: [place.pk]})
    services.place_merge(company=company, place=place, into=into, by=None)
    scopes = {
        pair: APICall.objects.get(pk=pair.api_call.pk).scope for pair in (scoped, free, theirs)
    }
    assert scopes == {
        scoped: {name: [into.pk], "worker_types": ["employee"]},
        free: {},
        theirs: {name: [place.pk]},
    }
    told = AuditEvent.objects.filter(subject_id=str(scoped.api_call.code)).latest("id")
    assert told.changes == {"Scope": ["A", "B"]}


def test_a_place_in_a_scope_is_not_removed(add_call, company):
    welder = Position.objects.create(company=company, name="Welder")
    pair = add_call(company, name="Gate", scope={"positions": [welder.pk]})
    with pytest.raises(ValidationError, match="the scope of Gate"):
        services.place_remove(company=company, place=welder, by=None)
    pair.api_call.delete()
    services.place_remove(company=company, place=welder, by=None)
    assert not Position.objects.filter(pk=welder.pk).exists()
