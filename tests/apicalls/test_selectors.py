"""What the API path reads of a call, in its one query."""

from dataclasses import replace
from datetime import date

import pytest

from apicalls import selectors
from apicalls.models import Credential


def test_a_credential_is_found_with_its_call_in_one_query(
    call, change, company, grant_of, django_assert_num_queries
):
    change(call.api_call, lookups=["full_name", "id_number"], expires_on=date(2026, 3, 10))
    with django_assert_num_queries(1):
        grant = grant_of(call)
    assert (grant.api_call_id, grant.company_id, grant.time_zone) == (
        call.api_call.pk,
        company.pk,
        "America/Edmonton",
    )
    assert (grant.state, grant.expires_on, grant.output_format, grant.document) == (
        "active",
        date(2026, 3, 10),
        "json",
        "worker-compliance",
    )
    assert grant.parameter_names == ("workerIDNumber", "firstName", "middleName", "lastName")


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"client_key": "00000000000000"}, id="unknown-key"),
        pytest.param({"client_secret": "0" * 32}, id="wrong-secret"),
    ],
)
def test_any_other_pair_is_looked_for_in_one_query(
    call, grant_of, changed, django_assert_num_queries
):
    with django_assert_num_queries(1):
        assert grant_of(replace(call, **changed)) is None


@pytest.mark.parametrize(
    ("fields", "is_found"),
    [
        ({"ends_at": "2026-03-02T18:00:01Z"}, True),
        ({"ends_at": "2026-03-02T18:00:00Z"}, False),
        ({"ends_at": "2026-03-02T18:00:01Z", "is_stopped": True}, False),
    ],
)
def test_a_pair_that_has_ended_is_one_that_is_not_there(
    call, grant_of, time_machine, fields, is_found
):
    time_machine.move_to("2026-03-02T18:00:00Z", tick=False)
    Credential.objects.update(**fields)
    assert (grant_of(call) is not None) is is_found


def test_a_pair_is_found_under_any_pepper_that_there_is(call, grant_of, settings):
    old = settings.CREDENTIAL_PEPPERS
    settings.CREDENTIAL_PEPPERS = old | {max(old) + 1: b"n" * 32}
    assert grant_of(call).api_call_id == call.api_call.pk
    settings.CREDENTIAL_PEPPERS = {max(old) + 1: b"n" * 32}
    assert grant_of(call) is None


def test_a_call_without_parameters_has_no_names(call, change, grant_of):
    change(call.api_call, lookups=[])
    assert grant_of(call).parameter_names == ()


def test_only_offered_templates_are_offered(template):
    assert template in selectors.api_templates_offered()
    type(template).objects.update(is_active=False)
    assert list(selectors.api_templates_offered()) == []


def test_the_current_pair_is_the_one_that_does_not_end(call, pair_of):
    from apicalls import services

    new = services.regenerate_credentials(api_call=call.api_call, replaces=call.client_key, by=None)
    assert selectors.credential_current(api_call=call.api_call) == new
    assert Credential.objects.filter(api_call=call.api_call).count() == 2


@pytest.mark.parametrize(
    ("now", "today"),
    [("2026-03-02T06:59:59Z", date(2026, 3, 1)), ("2026-03-02T07:00:00Z", date(2026, 3, 2))],
)
def test_today_is_the_date_in_the_company_s_zone(call, grant_of, time_machine, now, today):
    time_machine.move_to(now, tick=False)
    assert grant_of(call).today == today
