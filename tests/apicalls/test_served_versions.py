"""What a call serves is known after it was changed."""

import uuid

import pytest

from apicalls import services
from apicalls.models import APICall, RequestLog, ServedVersion
from workers.models import Division
from workers.services.places import place_merge


def served(api_call):
    version = APICall.objects.get(pk=api_call.pk).served_version
    return version.field_groups, version.scope


def test_a_new_call_and_its_copy_each_have_their_own(call):
    twin = services.api_call_duplicate(api_call=call.api_call, by=None, code=uuid.uuid4())
    assert served(twin) == served(call.api_call) == (call.api_call.field_groups, {})
    assert ServedVersion.objects.filter(api_call=twin).count() == 1
    assert ServedVersion.objects.filter(api_call=call.api_call).count() == 1


@pytest.mark.parametrize(
    ("settings", "versions"),
    [
        ({"field_groups": ["names"]}, 2),
        ({"scope": {"worker_types": ["employee"]}}, 2),
        ({"name": "Other", "output_format": "xml", "rate_limit": 5}, 1),
    ],
)
def test_a_change_of_fields_or_scope_adds_one_and_keeps_the_others(
    call, change, settings, versions
):
    before = served(call.api_call)
    change(call.api_call, **settings)
    assert ServedVersion.objects.filter(api_call=call.api_call).count() == versions
    now = APICall.objects.get(pk=call.api_call.pk)
    assert served(now) == (now.field_groups, now.scope)
    first = ServedVersion.objects.filter(api_call=call.api_call).earliest("pk")
    assert (first.field_groups, first.scope) == before


def test_a_place_that_is_merged_into_another_makes_one(call, change, company):
    old, new = (Division.objects.create(company=company, name=name) for name in ("Old", "New"))
    change(call.api_call, scope={"divisions": [old.pk]})
    place_merge(company=company, place=old, into=new, by=None)
    assert served(call.api_call)[1] == {"divisions": [new.pk]}


def test_each_request_names_what_it_was_answered_with(ask, call, change, worker):
    ask(call)
    change(call.api_call, field_groups=[])
    ask(call)
    groups = RequestLog.objects.order_by("pk").values_list(
        "served_version__field_groups", flat=True
    )
    assert list(groups) == [call.api_call.field_groups, []]
