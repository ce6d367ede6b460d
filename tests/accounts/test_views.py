"""The Account pages Company, People and Activity, and the way in."""

import re
import uuid

import pytest
from django.db import IntegrityError
from django.test import Client

from accounts import services
from accounts.models import AuditEvent, Role, User

COMPANY = "/account/company/"
PEOPLE = "/account/people/"
ACTIVITY = "/account/activity/"
FOR_EVERYBODY = [COMPANY, PEOPLE, ACTIVITY, PEOPLE + "{viewer}/"]
FOR_ADMINS_TO_READ = [
    PEOPLE + "add/",
    PEOPLE + "{viewer}/deactivate/",
    PEOPLE + "{viewer}/link/",
]
FOR_ADMINS_TO_POST = [
    COMPANY + "change/",
    PEOPLE + "add/",
    PEOPLE + "{viewer}/change/",
    PEOPLE + "{viewer}/deactivate/",
    PEOPLE + "{viewer}/reactivate/",
    PEOPLE + "{viewer}/link/make/",
]
A_COMPANY = {
    "name": "Northern",
    "time_zone": "America/Edmonton",
    "coming_due_days": "30",
    "request_log_days": "400",
}
A_PERSON = {"name": "Nia New", "email": "nia@northern.example", "role": "manager"}


@pytest.fixture
def at(viewer):
    """Return a function that puts the viewer's code into an address."""
    return lambda address: address.format(viewer=viewer.code)


@pytest.fixture
def admins_client(client_of, admin):
    return client_of(admin)


@pytest.fixture
def invited(company, admin) -> User:
    return services.person_add(company=company, by=admin, **A_PERSON)


# --- Who gets in -----------------------------------------------------------------------


@pytest.mark.parametrize("address", FOR_EVERYBODY + FOR_ADMINS_TO_READ)
def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(client, at, address):
    response = client.get(at(address))
    assert response.status_code == 302
    assert response["Location"] == f"/sign-in/?next={at(address)}"


@pytest.mark.parametrize("address", FOR_ADMINS_TO_POST)
def test_who_is_not_signed_in_changes_nothing(client, at, address):
    response = client.post(at(address))
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in/")
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("address", FOR_EVERYBODY)
@pytest.mark.parametrize("who", ["admin", "manager", "viewer"])
def test_everybody_of_the_company_may_look(client_of, at, address, who, request):
    response = client_of(request.getfixturevalue(who)).get(at(address))
    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("who", ["manager", "viewer"])
@pytest.mark.parametrize("address", FOR_ADMINS_TO_READ)
def test_pages_of_admins_are_refused_to_others(client_of, at, address, who, request):
    response = client_of(request.getfixturevalue(who)).get(at(address))
    assert response.status_code == 403
    assert "Only an admin of your company may do this." in response.content.decode()


@pytest.mark.parametrize("who", ["manager", "viewer"])
@pytest.mark.parametrize("address", FOR_ADMINS_TO_POST)
def test_changes_are_refused_to_others(client_of, at, address, who, request):
    response = client_of(request.getfixturevalue(who)).post(at(address), A_COMPANY | A_PERSON)
    assert response.status_code == 403
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    "address",
    [address for address in FOR_EVERYBODY + FOR_ADMINS_TO_READ if "{viewer}" in address],
)
def test_people_of_another_company_do_not_exist(client_of, outsider, at, address):
    assert client_of(outsider).get(at(address)).status_code == 404


@pytest.mark.parametrize(
    "address", [address for address in FOR_ADMINS_TO_POST if "{viewer}" in address]
)
def test_people_of_another_company_are_not_changed(client_of, outsider, viewer, at, address):
    response = client_of(outsider).post(at(address), {"name": "Taken over", "role": "admin"})
    assert response.status_code == 404
    viewer.refresh_from_db()
    assert (viewer.name, viewer.role, viewer.is_active) == ("Vic Viewer", "viewer", True)


@pytest.mark.parametrize("address", FOR_EVERYBODY + FOR_ADMINS_TO_READ)
def test_an_operator_without_company_is_told_why_not(client_of, operator, at, address):
    response = client_of(operator).get(at(address))
    assert response.status_code == 403
    assert "You belong to no company" in response.content.decode()


@pytest.mark.parametrize(
    ("method", "address"),
    [
        *(("post", address) for address in FOR_EVERYBODY),
        ("post", PEOPLE + "{viewer}/link/"),
        *(("get", address) for address in FOR_ADMINS_TO_POST if address not in FOR_ADMINS_TO_READ),
        *(("put", address) for address in FOR_ADMINS_TO_READ),
    ],
)
def test_wrong_methods_are_refused(admins_client, at, method, address):
    assert getattr(admins_client, method)(at(address)).status_code == 405


@pytest.mark.parametrize("address", FOR_ADMINS_TO_POST)
def test_a_form_of_another_site_changes_nothing(admin, at, address):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin, backend="allauth.account.auth_backends.AuthenticationBackend")
    response = client.post(at(address), A_COMPANY | A_PERSON)
    assert response.status_code == 403
    assert "Please send it again" in response.content.decode()
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("address", FOR_EVERYBODY + FOR_ADMINS_TO_READ[:2])
def test_pages_take_few_queries_whatever_the_amount_of_data(
    admins_client, company, admin, at, address, django_assert_max_num_queries
):
    for number in range(60):
        person = services.person_add(
            company=company,
            by=admin,
            email=f"person{number}@northern.example",
            name=f"Person {number}",
            role=Role.VIEWER,
        )
        services.person_change(person=person, by=admin, name="Renamed", role=Role.MANAGER)
    with django_assert_max_num_queries(7):
        admins_client.get(at(address))


# --- Home ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "target"),
    [
        pytest.param("viewer", "/account/api/", id="person"),
        pytest.param("operator", "/operator/", id="operator"),
    ],
)
def test_the_start_page_leads_to_the_work(client_of, who, target, request):
    response = client_of(request.getfixturevalue(who)).get("/")
    assert response.status_code == 302
    assert response["Location"] == target


def test_the_start_page_leads_others_to_sign_in(client, db):
    assert client.get("/")["Location"] == "/sign-in/"


def test_a_person_without_company_is_told_so(client_of, db):
    response = client_of(User.objects.create_user("alone@example.com", "x")).get("/")
    assert response.status_code == 403
    assert "You belong to no company yet." in response.content.decode()


# --- Company ---------------------------------------------------------------------------


def test_an_admin_changes_the_company(admins_client, company):
    response = admins_client.post(
        COMPANY + "change/",
        {
            "name": "Northern",
            "time_zone": "Europe/Oslo",
            "coming_due_days": "45",
            "request_log_days": "90",
        },
        follow=True,
    )
    company.refresh_from_db()
    assert (company.name, company.time_zone, company.coming_due_days) == (
        "Northern",
        "Europe/Oslo",
        45,
    )
    assert response.redirect_chain == [(COMPANY, 302)]
    assert "Company saved." in response.content.decode()
    event = AuditEvent.objects.get()
    assert event.address == "127.0.0.1"
    assert event.changes["coming_due_days"] == ["30", "45"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "This field is required."),
        ("name", "a\x00b", "Null characters are not allowed."),
        ("time_zone", "Mars/Olympus", "Select a valid choice."),
        ("coming_due_days", "367", "Ensure this value is less than or equal to 366."),
        ("request_log_days", "30", "Ensure this value is greater than or equal to 31."),
        ("coming_due_days", "-1", "Ensure this value is greater than or equal to 0."),
        ("coming_due_days", "9" * 30, "Ensure this value is less than or equal to 366."),
    ],
)
def test_a_refused_company_keeps_what_was_typed(admins_client, company, field, value, message):
    response = admins_client.post(COMPANY + "change/", A_COMPANY | {field: value})
    assert response.status_code == 200
    assert message in response.content.decode()
    assert 'aria-invalid="true"' in response.content.decode()
    company.refresh_from_db()
    assert (company.name, company.coming_due_days) == ("Northern Build", 30)


def test_others_read_the_company_as_text(client_of, viewer):
    page = client_of(viewer).get(COMPANY).content.decode()
    assert "30 days before it expires" in page
    assert "<form" not in page[page.index("<main") : page.index("</main")]


# --- People ----------------------------------------------------------------------------


def test_people_of_the_company_are_listed(client_of, viewer, admin, outsider):
    page = client_of(viewer).get(PEOPLE).content.decode()
    assert "Ada Admin" in page
    assert "viewer@northern.example" in page
    assert "Olga Outsider" not in page
    assert "Add person" not in page


@pytest.mark.parametrize("query", ["q=vic", "q=VIEWER@", "q=vic&page=99", "q=vic&page=x"])
def test_people_are_searched_for(admins_client, viewer, query):
    page = admins_client.get(f"{PEOPLE}?{query}").content.decode()
    assert viewer.email in page
    assert "admin@northern.example" not in page[page.index("<main") :]


@pytest.mark.parametrize("query", ["q=zzz", "q=%00"])
def test_a_search_without_result_says_so(admins_client, query):
    assert "Nobody found" in admins_client.get(f"{PEOPLE}?{query}").content.decode()


def test_who_is_added_gets_a_link_that_works_once(admins_client, settings):
    settings.SITE_URL = "https://workhub.example"
    response = admins_client.post(PEOPLE + "add/", A_PERSON, follow=True)
    person = User.objects.get(email="nia@northern.example")
    assert response.redirect_chain == [(f"{PEOPLE}{person.code}/link/", 302)]
    assert response["Cache-Control"] == "private, no-store"
    link = re.search(
        "https://workhub.example(/password/reset/key/[^<]+)<", response.content.decode()
    )

    visitor = Client()
    form = visitor.get(link[1], follow=True)
    password = "horse battery staple"
    answer = visitor.post(
        form.redirect_chain[-1][0], {"password1": password, "password2": password}, follow=True
    )
    assert "Your password is set" in answer.content.decode()
    person.refresh_from_db()
    assert person.check_password(password)
    assert "This link no longer works" in Client().get(link[1]).content.decode()


def test_a_link_is_shown_once(admins_client, invited):
    admins_client.post(f"{PEOPLE}{invited.code}/link/make/")
    assert (
        "/password/reset/key/"
        in admins_client.get(f"{PEOPLE}{invited.code}/link/").content.decode()
    )
    again = admins_client.get(f"{PEOPLE}{invited.code}/link/", follow=True)
    assert again.redirect_chain == [(f"{PEOPLE}{invited.code}/", 302)]
    assert "A link is shown once." in again.content.decode()
    assert "/password/reset/key/" not in again.content.decode()


def test_making_a_link_is_recorded_without_it(admins_client, invited):
    admins_client.post(f"{PEOPLE}{invited.code}/link/make/")
    event = AuditEvent.objects.order_by("-id")[0]
    assert event.action == "made a set-password link for"
    assert event.changes == {}


def test_the_link_of_one_person_shows_no_other(admins_client, invited, viewer):
    admins_client.post(f"{PEOPLE}{invited.code}/link/make/")
    response = admins_client.get(f"{PEOPLE}{viewer.code}/link/")
    assert response.status_code == 302


def test_nobody_gets_a_link_into_the_login_of_somebody_else(admins_client, viewer):
    response = admins_client.post(f"{PEOPLE}{viewer.code}/link/make/")
    assert response.status_code == 403


def test_the_same_form_sent_twice_adds_one_person(admins_client):
    admins_client.post(PEOPLE + "add/", A_PERSON)
    response = admins_client.post(PEOPLE + "add/", A_PERSON)
    assert "A person with this e-mail is already there." in response.content.decode()
    assert User.objects.filter(email="nia@northern.example").count() == 1


def test_the_same_form_sent_twice_at_once_adds_one_person(admins_client, monkeypatch):
    def taken(**fields):
        raise IntegrityError

    monkeypatch.setattr(services, "person_add", taken)
    response = admins_client.post(PEOPLE + "add/", A_PERSON)
    assert "A person with this e-mail is already there." in response.content.decode()


def test_name_and_role_are_changed(admins_client, viewer):
    response = admins_client.post(
        f"{PEOPLE}{viewer.code}/change/", {"name": "Vic", "role": "manager"}, follow=True
    )
    viewer.refresh_from_db()
    assert (viewer.name, viewer.role) == ("Vic", "manager")
    assert "Vic is saved." in response.content.decode()


def test_a_role_cannot_be_made_up(admins_client, viewer):
    response = admins_client.post(
        f"{PEOPLE}{viewer.code}/change/", {"name": "Vic", "role": "owner"}
    )
    assert "Select a valid choice" in response.content.decode()
    viewer.refresh_from_db()
    assert viewer.role == "viewer"


def test_a_person_is_no_operator_because_a_form_says_so(admins_client, viewer):
    admins_client.post(
        f"{PEOPLE}{viewer.code}/change/",
        {"name": "Vic", "role": "viewer", "is_staff": "on", "email": "x@y.example", "company": "2"},
    )
    viewer.refresh_from_db()
    assert not viewer.is_staff
    assert viewer.email == "viewer@northern.example"


def test_the_last_admin_cannot_step_down(admins_client, admin):
    response = admins_client.post(
        f"{PEOPLE}{admin.code}/change/", {"name": "Ada", "role": "viewer"}
    )
    assert "make another person admin first" in response.content.decode()
    response = admins_client.post(f"{PEOPLE}{admin.code}/deactivate/", follow=True)
    assert "make another person admin first" in response.content.decode()
    admin.refresh_from_db()
    assert (admin.role, admin.is_active) == ("admin", True)


def test_the_deactivated_are_out_at_once_and_for_good(admins_client, viewer):
    viewers_client = Client()
    viewers_client.force_login(
        viewer, backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    assert viewers_client.get(PEOPLE).status_code == 200
    admins_client.post(f"{PEOPLE}{viewer.code}/deactivate/")
    assert viewers_client.get(PEOPLE).status_code == 302
    admins_client.post(f"{PEOPLE}{viewer.code}/reactivate/")
    assert viewers_client.get(PEOPLE).status_code == 302
    viewer.refresh_from_db()
    assert viewer.is_active


def test_deactivating_asks_first(admins_client, viewer):
    response = admins_client.get(f"{PEOPLE}{viewer.code}/deactivate/")
    assert "Deactivate Vic Viewer?" in response.content.decode()
    viewer.refresh_from_db()
    assert viewer.is_active


@pytest.mark.parametrize("code", [uuid.UUID(int=0), "nonsense", "1"])
def test_a_person_who_is_not_there_is_404(admins_client, code):
    assert admins_client.get(f"{PEOPLE}{code}/").status_code == 404


def test_names_are_text_and_not_markup(admins_client, viewer):
    admins_client.post(f"{PEOPLE}{viewer.code}/change/", {"name": "<b>Vic</b>", "role": "viewer"})
    for address in (PEOPLE, f"{PEOPLE}{viewer.code}/", ACTIVITY):
        page = admins_client.get(address).content.decode()
        assert "<b>Vic" not in page
        assert "&lt;b&gt;Vic&lt;/b&gt;" in page


# --- Activity --------------------------------------------------------------------------


def test_activity_is_that_of_the_company_in_its_time(
    admins_client, company, admin, other_company, outsider
):
    services.company_change(company=company, by=admin, name="Northern", address="203.0.113.7")
    services.company_change(company=other_company, by=outsider, name="Elsewhere")
    AuditEvent.objects.update(at="2026-03-02T06:30:00Z")
    page = admins_client.get(ACTIVITY).content.decode()
    assert "<del>Northern Build</del>" in page
    assert "203.0.113.7" in page
    assert (
        '<time datetime="2026-03-01T23:30:00-07:00" title="2026-03-01T23:30:00-07:00">'
        "1 Mar 2026, 23:30</time>"
    ) in page
    assert "Elsewhere" not in page


def test_activity_is_filtered_by_address(admins_client, company, admin, viewer):
    services.person_change(person=viewer, by=admin, name="Renamed Person", role=Role.VIEWER)
    services.audit_event_add(company=company, actor=viewer, action="looked at", subject=company)

    def shown(query):
        page = admins_client.get(f"{ACTIVITY}?{query}").content.decode()
        return ["Renamed Person" in page.partition("<tbody>")[2], "Looked at" in page]

    assert shown("") == [True, True]
    assert shown(f"person={viewer.code}") == [False, True]
    assert shown("q=changed") == [True, False]
    assert shown(f"person={viewer.code}&q=changed") == [False, False]


@pytest.mark.parametrize("query", ["person=nonsense", "person={outsider}", "q=%00"])
def test_a_filter_that_means_nothing_finds_nothing(admins_client, company, admin, outsider, query):
    services.audit_event_add(company=company, actor=admin, action="looked at", subject=company)
    page = admins_client.get(f"{ACTIVITY}?{query.format(outsider=outsider.code)}").content.decode()
    assert "Looked at" not in page


def test_only_people_of_the_company_can_be_filtered_by(admins_client, viewer, outsider):
    page = admins_client.get(ACTIVITY).content.decode()
    assert str(viewer.code) in page
    assert str(outsider.code) not in page
    assert "Olga Outsider" not in page


@pytest.mark.parametrize("before", ["", "x", "-1", "%D9%A1", "9" * 40, "1_0", "0"])
def test_any_place_to_go_on_from_is_answered(admins_client, before):
    assert admins_client.get(f"{ACTIVITY}?before={before}").status_code == 200


def test_older_activity_is_a_link_away_and_keeps_the_filter(admins_client, company, admin):
    for number in range(51):
        services.audit_event_add(
            company=company, actor=admin, action=f"step {number:02}", subject=company
        )
    page = admins_client.get(f"{ACTIVITY}?q=step").content.decode()
    assert "Step 01" in page
    assert "Step 00" not in page
    older = re.search(r'rel="next"\s+href="(\?[^"]+)"', page)[1].replace("&amp;", "&")
    assert "q=step" in older
    page = admins_client.get(ACTIVITY + older).content.decode()
    assert "Step 00" in page
    assert "Step 01" not in page
