import time

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.utils import timezone

from accounts.permissions import (
    company_admin_required,
    company_manager_required,
    company_member_required,
    company_right_required,
    recently_confirmed_required,
    signed_in_required,
)
from accounts.roles import Right
from tests.conftest import PASSWORD, signed_in


@company_member_required
def page(request):
    return HttpResponse(f"{request.company} {timezone.get_current_timezone_name()}")


@company_admin_required
def admins_page(request):
    return HttpResponse("for admins")


@company_manager_required
def managers_page(request):
    return HttpResponse("for managers")


@company_right_required(Right.MANAGE_SECURITY)
def owners_page(request):
    return HttpResponse("for owners")


@signed_in_required
def own_page(request):
    return HttpResponse(f"{request.user} {timezone.get_current_timezone_name()}")


@signed_in_required
@recently_confirmed_required
def dangerous(request):
    return HttpResponse("done")


@pytest.fixture
def request_of(rf):
    """Return a function that makes a request of a person."""

    def request(user, method="get", path="/page/?q=1", proofs=(), **headers):
        made = getattr(rf, method)(path, headers=headers)
        made.user = user
        made.session = {
            "account_authentication_methods": [
                {"method": method, "at": time.time() - seconds_ago}
                for method, seconds_ago in proofs
            ],
            "account_authentication_methods_user": str(user.pk),
        }
        return made

    return request


@pytest.fixture
def nobody():
    return AnonymousUser()


def test_a_member_sees_the_own_company_and_its_time(request_of, viewer):
    assert page(request_of(viewer)).content == b"Northern Build America/Edmonton"
    assert timezone.get_current_timezone_name() == "UTC"


def test_nothing_keeps_a_copy_of_a_page_with_company_data(request_of, viewer):
    assert page(request_of(viewer))["Cache-Control"] == "private, no-store"


def test_a_page_may_say_itself_what_may_be_kept(request_of, viewer):
    @company_member_required
    def kept(request):
        return HttpResponse(headers={"Cache-Control": "private, max-age=60"})

    assert kept(request_of(viewer))["Cache-Control"] == "private, max-age=60"


@pytest.mark.parametrize(
    ("view", "let_in", "refusal"),
    [
        (owners_page, {"owner"}, "Only an owner of your company"),
        (admins_page, {"owner", "admin"}, "Only an admin of your company"),
        (managers_page, {"owner", "admin", "manager"}, "Only an admin or manager of your company"),
    ],
)
@pytest.mark.parametrize("who", ["owner", "admin", "manager", "viewer"])
def test_each_role_passes_where_it_may(request_of, view, let_in, refusal, who, request):
    person = request.getfixturevalue(who)
    if who in let_in:
        assert view(request_of(person)).content.startswith(b"for ")
    else:
        with pytest.raises(PermissionDenied, match=refusal):
            view(request_of(person))


def test_a_page_of_ones_own_is_for_everybody_and_kept_nowhere(request_of, viewer, operator):
    response = own_page(request_of(viewer))
    assert response.content == b"Vic Viewer America/Edmonton"
    assert response["Cache-Control"] == "private, no-store"
    assert own_page(request_of(operator)).content == b"Otto Operator UTC"


@pytest.mark.parametrize("view", [page, admins_page])
def test_an_operator_without_company_is_told_why(request_of, operator, view):
    with pytest.raises(PermissionDenied, match="belong to no company"):
        view(request_of(operator))


@pytest.mark.parametrize("view", [page, admins_page, own_page, dangerous])
def test_who_is_not_signed_in_comes_back_after_signing_in(request_of, nobody, view):
    response = view(request_of(nobody))
    assert response.status_code == 302
    assert response["Location"] == "/sign-in/?next=/page/%3Fq%3D1"


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        pytest.param("http://testserver/form/?tab=2", "/form/%3Ftab%3D2", id="the-form"),
        pytest.param("http://evil.example/form/", "/", id="another-site"),
        pytest.param("", "/", id="no-referer"),
    ],
)
def test_after_a_form_one_comes_back_to_the_page_with_the_form(request_of, nobody, referer, back):
    response = page(request_of(nobody, "post", referer=referer))
    assert response["Location"] == f"/sign-in/?next={back}"


def test_a_part_of_a_page_is_not_replaced_by_the_sign_in_page(request_of, nobody):
    response = page(
        request_of(nobody, hx_request="true", hx_current_url="http://testserver/account/api/")
    )
    assert response["HX-Redirect"] == "/sign-in/?next=/account/api/"


# --- Confirmed lately --------------------------------------------------------------------


@pytest.mark.parametrize(
    "proofs",
    [
        pytest.param([("password", 0)], id="password"),
        pytest.param([("mfa", 0)], id="code"),
        pytest.param([("password", 890)], id="just-in-time"),
        pytest.param([("password", 5000), ("password", 10)], id="again"),
        pytest.param([("password", 10), ("password", 5000)], id="in-any-order"),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_who_gave_proof_lately_is_not_asked(request_of, viewer, proofs, method):
    assert dangerous(request_of(viewer, method, proofs=proofs)).content == b"done"


@pytest.mark.parametrize(
    "proofs",
    [
        pytest.param([], id="none"),
        pytest.param([("password", 901)], id="old"),
        pytest.param([("password_reset", 0)], id="a-link-by-mail"),
        pytest.param([("socialaccount", 0)], id="something-else"),
    ],
)
def test_who_did_not_is_asked_and_comes_back(request_of, viewer, proofs):
    response = dangerous(request_of(viewer, proofs=proofs))
    assert response.status_code == 302
    assert response["Location"] == "/confirm/?next=%2Fpage%2F%3Fq%3D1"


def test_the_proof_of_somebody_else_is_none(request_of, viewer, admin):
    made = request_of(viewer, proofs=[("password", 0)])
    made.user = admin
    assert dangerous(made).status_code == 302


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        pytest.param("http://testserver/form/?tab=2", "%2Fform%2F%3Ftab%3D2", id="the-form"),
        pytest.param("http://evil.example/form/", "%2F", id="another-site"),
        pytest.param("", "%2F", id="no-referer"),
    ],
)
def test_who_pressed_a_button_comes_back_to_the_page_with_it(request_of, viewer, referer, back):
    made = request_of(viewer, "post", referer=referer)
    assert dangerous(made)["Location"] == f"/confirm/?next={back}"
    assert made.session["press_again_after_confirming"]


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_part_of_a_page_is_not_replaced_by_the_question(request_of, viewer, method):
    made = request_of(
        viewer, method, hx_request="true", hx_current_url="http://testserver/account/api/"
    )
    response = dangerous(made)
    assert response.status_code == 200
    assert response["HX-Redirect"] == "/confirm/?next=%2Faccount%2Fapi%2F"


# --- The question itself -----------------------------------------------------------------


@pytest.fixture
def left_alone(client, admin):
    """A browser in which nobody gave a proof lately."""
    signed_in(client, admin, confirmed_at=0)
    return client


def test_nothing_is_done_by_what_was_pressed_before(left_alone, viewer):
    page = f"http://testserver/account/people/{viewer.code}/"
    change = f"/account/people/{viewer.code}/change/"
    asked = left_alone.post(change, {"name": "V", "role": "admin"}, headers={"referer": page})
    question = left_alone.get(asked["Location"])
    assert "Confirm that it is you" in question.content.decode()
    back = left_alone.post("/confirm/", {"password": PASSWORD, "next": page[17:]}, follow=True)
    assert back.redirect_chain == [(page[17:], 302)]
    assert "Nothing was done yet: press the button again." in back.content.decode()
    viewer.refresh_from_db()
    assert viewer.role == "viewer"
    left_alone.post(change, {"name": "V", "role": "admin"})
    viewer.refresh_from_db()
    assert viewer.role == "admin"


def test_who_looked_at_a_page_is_not_told_to_press_again(left_alone):
    left_alone.post("/account/people/invite/")
    left_alone.get("/account/people/invite/")
    response = left_alone.post(
        "/confirm/", {"password": PASSWORD, "next": "/account/people/invite/"}, follow=True
    )
    assert response.status_code == 200
    assert "press the button again" not in response.content.decode()


def test_a_wrong_password_confirms_nothing_and_is_counted(left_alone):
    for _time in range(5):
        response = left_alone.post("/confirm/", {"password": "guess"})
        assert "Incorrect password" in response.content.decode()
    response = left_alone.post("/confirm/", {"password": PASSWORD})
    assert "Too many attempts." in response.content.decode()
    assert left_alone.get("/account/people/invite/").status_code == 302


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:x()"])
def test_the_question_leads_to_no_other_site(left_alone, target):
    page = left_alone.get("/confirm/", {"next": target}).content.decode()
    assert f'href="{target}"' not in page
    assert left_alone.post("/confirm/", {"password": PASSWORD, "next": target})["Location"] == "/"


def test_who_has_no_app_is_asked_for_the_password(left_alone):
    assert left_alone.get("/confirm/code/?next=/account/")["Location"].startswith("/confirm/")


def test_nobody_is_asked_who_is_not_signed_in(client, db):
    for path in ("/confirm/", "/confirm/code/"):
        assert client.get(path)["Location"].startswith("/sign-in/")
