import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.utils import timezone

from accounts.permissions import company_admin_required, company_member_required


@company_member_required
def page(request):
    return HttpResponse(f"{request.company} {timezone.get_current_timezone_name()}")


@company_admin_required
def admins_page(request):
    return HttpResponse("for admins")


@pytest.fixture
def request_of(rf):
    """Return a function that makes a request of a person."""

    def request(user, method="get", path="/page/?q=1", **headers):
        made = getattr(rf, method)(path, headers=headers)
        made.user = user
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


@pytest.mark.parametrize("who", ["viewer", "manager"])
def test_only_admins_pass_where_admins_are_asked_for(request_of, admin, who, request):
    assert admins_page(request_of(admin)).content == b"for admins"
    with pytest.raises(PermissionDenied, match="Only an admin"):
        admins_page(request_of(request.getfixturevalue(who)))


@pytest.mark.parametrize("view", [page, admins_page])
def test_an_operator_without_company_is_told_why(request_of, operator, view):
    with pytest.raises(PermissionDenied, match="belong to no company"):
        view(request_of(operator))


@pytest.mark.parametrize("view", [page, admins_page])
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
