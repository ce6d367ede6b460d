"""What the API path reads of a call, in its one query."""

from datetime import date

import pytest

from apicalls import selectors
from apicalls.models import Credential


def test_a_credential_is_found_with_its_call_in_one_query(
    call, change, company, django_assert_num_queries
):
    change(call.api_call, lookups=["full_name", "id_number"], expires_on=date(2026, 3, 10))
    with django_assert_num_queries(1):
        stored = selectors.credential_find(client_key=call.client_key)
    grant = stored.grant
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
    assert type(stored.secret_digest) is bytes
    assert len(stored.secret_digest) == 32


@pytest.mark.parametrize("client_key", ["", "00000000000000", "A" * 64])
def test_an_unknown_key_is_looked_for_in_one_query(call, client_key, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert selectors.credential_find(client_key=client_key) is None


def test_a_call_without_parameters_has_no_names(call, change):
    change(call.api_call, lookups=[])
    assert selectors.credential_find(client_key=call.client_key).grant.parameter_names == ()


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
def test_today_is_the_date_in_the_company_s_zone(call, time_machine, now, today):
    time_machine.move_to(now, tick=False)
    assert selectors.credential_find(client_key=call.client_key).grant.today() == today
