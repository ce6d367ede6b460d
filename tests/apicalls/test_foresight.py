"""Which programs a change would break, and what each is told of."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from apicalls.foresight import Settings, broken_by, told_of
from apicalls.models import Caller, RequestLog
from apicalls.parameters import FIRST_NAME, LAST_NAME, MIDDLE_NAME, WORKER_ID_NUMBER
from apicalls.selectors import credential_current
from workers import services as workers_services
from workers.models import Division, Location
from workers.scope import Scope

NAMES = (FIRST_NAME, MIDDLE_NAME, LAST_NAME)


@pytest.fixture
def caller(call):
    return Caller.objects.create(
        api_call=call.api_call, client="Turnstile", address_range="192.0.2.0/24"
    )


@pytest.fixture
def asked(call, caller):
    """Return a function that logs a request of the program."""

    def add(address="192.0.2.7", worker=None, days_ago=1):
        RequestLog.objects.create(
            at=timezone.now() - timedelta(days=days_ago),
            api_call=call.api_call,
            credential=credential_current(api_call=call.api_call),
            caller=caller,
            request_id="0" * 32,
            status=200,
            milliseconds=5,
            size=9,
            address=address,
            worker_id=worker and worker.pk,
        )

    return add


def reasons(call, **changed):
    call.api_call.refresh_from_db()
    after = replace(Settings.of(call.api_call), **changed)
    return [
        reason for one in broken_by(api_call=call.api_call, after=after) for reason in one.reasons
    ]


def test_what_stays_breaks_nothing(call, caller):
    assert reasons(call) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        pytest.param(
            {"output_format": "xml"}, "It reads JSON, and would get XML.", id="another-format"
        ),
        pytest.param(
            {"parameters": (WORKER_ID_NUMBER, *NAMES)},
            "It does not send firstName, middleName, lastName, which would have to be sent.",
            id="one-more-parameter",
        ),
        pytest.param({"state": "paused"}, "It is refused from then on.", id="paused"),
        pytest.param({"state": "archived"}, "It is refused from then on.", id="archived"),
    ],
)
def test_a_program_is_told_of_with_the_reason(call, caller, changed, told):
    assert reasons(call, **changed) == [told]


def test_another_parameter_breaks_twice(call, caller):
    assert reasons(call, parameters=NAMES) == [
        "It does not send firstName, middleName, lastName, which would have to be sent.",
        "It sends workerIDNumber, which would be refused.",
    ]


def test_a_list_takes_a_parameter_that_is_no_longer_ticked(company, add_call, change):
    api_call = add_call(company, of="compliance-roster", lookups=[]).api_call
    change(api_call, lookups=["status"])
    Caller.objects.create(api_call=api_call, client="HR")
    after = replace(Settings.of(api_call), parameters=())
    assert broken_by(api_call=api_call, after=after) == []


def test_fields_are_named_as_programs_know_them(call, caller, change):
    change(call.api_call, field_groups=["names", "items", "optional_items"])
    assert reasons(call, fields=frozenset({"items"})) == [
        "The answer would no longer have firstName, middleName, lastName, Optional items."
    ]
    assert reasons(call, fields=frozenset({"names", "items", "optional_items", "contact"})) == []


def test_a_narrower_scope_breaks_who_asked_about_who_leaves(call, asked, company):
    construction, rail = (
        Division.objects.create(company=company, name=name) for name in ("Construction", "Rail")
    )
    workers = [
        workers_services.worker_add(
            company=company,
            by=None,
            id_number=f"S{number}",
            first_name="A",
            middle_name="",
            last_name="B",
            location=Location.objects.create(
                company=company, name=f"Yard {number}", division=division
            ),
        )
        for number, division in enumerate((construction, rail, rail))
    ]
    only = {"scope": Scope(divisions=frozenset({construction.pk}))}
    asked(worker=workers[0])
    assert reasons(call, **only) == []
    asked(worker=workers[1])
    asked(worker=workers[1])
    assert reasons(call, **only) == ["1 worker it asked about would not be found any more."]
    # What was asked before the 30 days is no matter.
    asked(worker=workers[2], days_ago=40)
    assert len(reasons(call, **only)) == 1


def test_a_list_with_a_narrower_scope_loses_workers(add_call, company):
    api_call = add_call(company, of="compliance-roster", lookups=[]).api_call
    Caller.objects.create(api_call=api_call, client="HR")
    for number in range(2):
        workers_services.worker_add(
            company=company,
            by=None,
            id_number=f"L{number}",
            first_name="A",
            middle_name="",
            last_name="B",
        )
    after = replace(Settings.of(api_call), scope=Scope(worker_types=frozenset({"contractor"})))
    [broken] = broken_by(api_call=api_call, after=after)
    assert broken.reasons == ["2 workers would be gone from what it reads."]


@pytest.mark.parametrize(
    ("networks", "told"),
    [
        pytest.param(["192.0.2.0/24"], [], id="its-network"),
        pytest.param(["192.0.0.0/16", "10.0.0.0/8"], [], id="a-wider-one"),
        # Only a part of its network is let in, but it is the part that it asks from.
        pytest.param(["192.0.2.7/32"], [], id="its-address"),
        pytest.param([], [], id="every-address"),
        pytest.param(
            ["198.51.100.0/24"],
            ["It asks from 192.0.2.7, which would not be allowed."],
            id="another-network",
        ),
    ],
)
def test_networks_break_who_asks_from_elsewhere(call, asked, networks, told):
    asked()
    assert reasons(call, networks=tuple(networks)) == told


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"state": "blocked"}, id="is-refused-already"),
        pytest.param({"last_seen_at": timezone.now() - timedelta(days=31)}, id="long-ago"),
    ],
)
def test_who_is_not_answered_anyway_does_not_break(call, caller, values):
    Caller.objects.filter(pk=caller.pk).update(**values)
    assert reasons(call, output_format="xml") == []


def test_of_a_paused_call_nothing_breaks(call, caller):
    type(call.api_call).objects.update(state="paused")
    assert reasons(call, output_format="xml") == []


def test_callers_of_another_call_are_not_told_of(call, company, add_call):
    Caller.objects.create(api_call=add_call(company).api_call, client="Other")
    assert reasons(call, output_format="xml") == []


def test_what_was_told_differs_with_programs_and_reasons(call, caller):
    def told(**changed):
        after = replace(Settings.of(call.api_call), **changed)
        return told_of(broken_by(api_call=call.api_call, after=after))

    assert told() == ""
    assert told(output_format="xml") != told(parameters=NAMES) != ""
    before = told(output_format="xml")
    Caller.objects.create(api_call=call.api_call, client="Another")
    assert told(output_format="xml") != before


def test_it_takes_few_queries_however_many_programs(call, asked, django_assert_max_num_queries):
    Caller.objects.bulk_create(
        Caller(api_call=call.api_call, client=f"Gate {number}") for number in range(50)
    )
    asked()
    asked(address="192.0.2.8")
    after = Settings(
        "xml",
        NAMES,
        frozenset(),
        Scope(worker_types=frozenset({"contractor"})),
        ("10.0.0.0/8",),
        "active",
    )
    with django_assert_max_num_queries(7):
        assert len(broken_by(api_call=call.api_call, after=after)) == 51
