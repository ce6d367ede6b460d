"""API calls and people who are limited to a division or location."""

import pytest

from accounts.models import Role, User
from apicalls.callers import caller_notice
from apicalls.models import APICall, Caller
from apicalls.visible import api_calls_visible_to, may_know
from tests.conftest import PASSWORD
from workers.models import Division, Location

pytestmark = pytest.mark.any_database

LIST = "/account/api/"


@pytest.fixture
def rail(company):
    return Division.objects.create(company=company, name="Rail")


@pytest.fixture
def depot(company, rail):
    return Location.objects.create(company=company, name="Depot", division=rail)


@pytest.fixture
def elsewhere(company):
    return Division.objects.create(company=company, name="Tunnels")


@pytest.fixture
def limited(company, rail):
    """An admin who sees the division Rail only."""
    person = User.objects.create_user(
        "rail@northern.example", PASSWORD, name="Rae Rail", company=company, role=Role.ADMIN
    )
    person.limit = {"divisions": [rail.pk]}
    person.save()
    return person


@pytest.fixture
def calls(add_call, company, other_company, rail, depot, elsewhere):
    add_call(company, name="Everybody")
    add_call(company, name="Of Rail", scope={"divisions": [rail.pk]})
    add_call(company, name="Of the depot", scope={"locations": [depot.pk]})
    add_call(company, name="Of both", scope={"divisions": [rail.pk, elsewhere.pk]})
    add_call(company, name="Of what is gone", scope={"divisions": [10**6]})
    add_call(other_company, name="Theirs", scope={"divisions": [rail.pk]})
    return {one.name: one for one in APICall.objects.all()}


@pytest.fixture
def as_limited(client_of, limited):
    return client_of(limited)


def names(api_calls):
    return sorted(api_calls.values_list("name", flat=True))


def test_calls_that_can_tell_of_others_do_not_exist(calls, limited, admin):
    assert names(api_calls_visible_to(limited)) == ["Of Rail", "Of the depot"]
    assert len(api_calls_visible_to(admin)) == 5


def test_they_are_in_no_list_and_no_advice(calls, as_limited):
    page = as_limited.get(LIST).content.decode()
    assert "Of Rail" in page
    for name in ("Everybody", "Of both", "Of what is gone", "Theirs"):
        assert name not in page
    assert list(as_limited.get(f"{LIST}?q=Everybody&state=all").context["page"]) == []
    for name, status in (("Of the depot", 200), ("Everybody", 404), ("Of both", 404)):
        assert as_limited.get(f"{LIST}{calls[name].code}/").status_code == status


def test_a_location_that_leaves_the_division_takes_its_call_along(calls, limited, depot, elsewhere):
    depot.division = elsewhere
    depot.save()
    assert names(api_calls_visible_to(limited)) == ["Of Rail"]


def test_a_new_call_is_within_the_limit_from_the_first_moment(as_limited, limited, rail, template):
    as_limited.post(
        f"{LIST}add/", {"template": template.code, "code": "8d1b8b50-27d5-4a36-a2a5-0a8d6a1a1e0b"}
    )
    added = APICall.objects.get()
    assert added.scope == {"divisions": [rail.pk]}
    assert may_know(limited, added)


def test_a_call_is_not_widened_and_nothing_typed_is_lost(as_limited, calls, rail, depot, elsewhere):
    call = calls["Of Rail"]
    page = as_limited.get(f"{LIST}{call.code}/")
    offered = page.context["served"]
    assert offered.fields["divisions"].choices == [(rail.pk, "Rail")]
    assert offered.fields["locations"].choices == [(depot.pk, "Depot")]

    def save(**scope):
        return as_limited.post(
            f"{LIST}{call.code}/change/",
            {
                "name": "Renamed",
                "output_format": "json",
                "rate_limit": "60",
                "seen": page.context["form"].initial["seen"],
                **scope,
            },
        )

    for wider in ({}, {"divisions": [elsewhere.pk]}, {"divisions": [rail.pk, elsewhere.pk]}):
        refused = save(**wider)
        assert refused.status_code == 422
        assert 'value="Renamed"' in refused.content.decode()
    assert "You see Rail only: tick what of it this call may tell of." in save().content.decode()
    call.refresh_from_db()
    assert (call.name, call.scope) == ("Of Rail", {"divisions": [rail.pk]})
    assert save(locations=[depot.pk]).status_code == 302
    call.refresh_from_db()
    assert call.scope == {"locations": [depot.pk]}


def test_mail_about_a_call_goes_to_nobody_who_does_not_know_it(calls, limited, admin, mailoutbox):
    for name, told in (("Everybody", 1), ("Of Rail", 2)):
        mailoutbox.clear()
        caller = Caller.objects.create(api_call=calls[name], client="Payroll", address_range="")
        caller_notice.call(caller.pk)
        assert len(mailoutbox) == told


def test_the_list_of_somebody_with_a_limit_takes_few_queries(
    calls, as_limited, django_assert_max_num_queries
):
    as_limited.get(LIST)
    with django_assert_max_num_queries(10):
        assert as_limited.get(LIST).status_code == 200
    for name in ("Of Rail", "Of the depot"):
        with django_assert_max_num_queries(11):
            as_limited.get(f"{LIST}{calls[name].code}/")


@pytest.mark.parametrize(("name", "is_known"), [("Of the depot", True), ("Everybody", False)])
def test_the_header_doctor_knows_no_other_calls(calls, as_limited, pair_of, name, is_known):
    other = pair_of(calls[name])
    page = as_limited.post(
        f"{LIST}{calls['Of Rail'].code}/header-doctor/", {"header": other.header}
    ).content.decode()
    assert (name in page) is is_known
