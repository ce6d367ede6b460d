"""Where a second factor is required, nothing else is reached before."""

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.sign_in import second_factor
from tests.conftest import PASSWORD, signed_in

ADD = "/you/second-factor/add/"


@pytest.fixture
def required(company):
    company.second_factor_required = True
    company.save()
    return company


@pytest.fixture
def without(client, viewer, required):
    """Somebody who is signed in and has no second factor."""
    signed_in(client, viewer)
    return client


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/account/company/",
        "/account/people/",
        "/account/api/",
        "/account/activity/",
        "/workers/",
        "/you/second-factor/",
        "/you/sessions/",
        "/you/recovery-codes/",
        "/password/change/",
        "/docs/",
        "/problems/",
        "/operator/",
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_page_leads_to_setting_one_up(without, path, method):
    response = getattr(without, method)(path)
    assert response.status_code == 302
    assert response["Location"] == ADD


def test_a_part_of_a_page_leads_there_too(without):
    response = without.get("/workers/", headers={"hx-request": "true"})
    assert response["HX-Redirect"] == ADD


def test_there_one_can_set_it_up_or_go(without):
    page = without.get(ADD)
    assert page.status_code == 200
    assert "Your company requires a second factor." in page.content.decode()
    assert without.post("/sign-out/")["Location"] == "/sign-in/"
    assert without.get(ADD)["Location"].startswith("/sign-in/")


def test_who_signed_in_long_ago_confirms_on_the_way(client, viewer, required):
    signed_in(client, viewer, confirmed_at=0)
    assert client.get("/workers/", follow=True).redirect_chain == [
        (ADD, 302),
        ("/confirm/?next=%2Fyou%2Fsecond-factor%2Fadd%2F", 302),
    ]
    response = client.post("/confirm/", {"password": PASSWORD, "next": ADD}, follow=True)
    assert response.redirect_chain == [(ADD, 302)]


def test_who_has_one_goes_everywhere(without, viewer):
    second_factor.second_factor_add(person=viewer, secret="JBSWY3DPEHPK3PXP")
    assert without.get("/workers/").status_code == 200
    # As when an admin resets it: from the next click on.
    Authenticator.objects.all().delete()
    assert without.get("/workers/")["Location"] == ADD


def test_recovery_codes_alone_are_no_second_factor(without, viewer):
    second_factor.second_factor_add(person=viewer, secret="JBSWY3DPEHPK3PXP")
    Authenticator.objects.filter(type="totp").delete()
    assert without.get("/workers/")["Location"] == ADD


def test_other_companies_and_visitors_are_not_concerned(client, required, outsider):
    assert client.get("/docs/").status_code == 200
    assert client.get("/sign-in/").status_code == 200
    signed_in(client, outsider)
    assert client.get("/workers/").status_code == 200


def test_programs_are_not_concerned(required):
    response = Client().get("/api/v1/worker-compliance")
    assert response.status_code == 401
    assert response.cookies == {}
