"""The Account pages Company, People and Activity, and who gets into them."""

import csv
import io
import re
import time
import uuid

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts import services
from accounts.addresses import acting_from
from accounts.audit.trail import audit_event_add
from accounts.audit.verification import verify_and_note
from accounts.models import AuditEvent, AuditHead, Company, Invitation, Role, User
from tests.conftest import signed_in

COMPANY = "/account/company/"
PEOPLE = "/account/people/"
ACTIVITY = "/account/activity/"
FOR_EVERYBODY = [COMPANY, PEOPLE, ACTIVITY, PEOPLE + "{viewer}/"]
FOR_ADMINS_TO_READ = [
    PEOPLE + "invite/",
    PEOPLE + "{viewer}/deactivate/",
    PEOPLE + "{viewer}/second-factor/reset/",
    PEOPLE + "invitations/{invited}/link/",
]
FOR_ADMINS_TO_POST = [
    COMPANY + "change/",
    PEOPLE + "invite/",
    PEOPLE + "{viewer}/change/",
    PEOPLE + "{viewer}/deactivate/",
    PEOPLE + "{viewer}/reactivate/",
    PEOPLE + "{viewer}/invite/",
    PEOPLE + "{viewer}/second-factor/reset/",
    PEOPLE + "invitations/{invited}/renew/",
    PEOPLE + "invitations/{invited}/withdraw/",
]
FOR_OWNERS_TO_POST = [COMPANY + "security/change/"]
FOR_SOME_TO_POST = FOR_ADMINS_TO_POST + FOR_OWNERS_TO_POST
# All that is about people and security, and so asks who it is when the last proof is old.
TO_CONFIRM = [
    address for address in FOR_ADMINS_TO_READ + FOR_SOME_TO_POST if address != COMPANY + "change/"
]
A_COMPANY = {
    "name": "Northern",
    "time_zone": "America/Edmonton",
    "coming_due_days": "30",
    "request_log_days": "400",
}
A_PERSON = {"name": "Nia New", "email": "nia@northern.example", "role": "manager"}


@pytest.fixture
def invited(company) -> Invitation:
    return Invitation.objects.create(
        company=company, email="ivy@northern.example", name="Ivy Invited", role="viewer"
    )


@pytest.fixture
def at(viewer, invited):
    """Return a function that puts the codes of the viewer and of who is invited in an address."""
    return lambda address: address.format(viewer=viewer.code, invited=invited.code)


@pytest.fixture
def admins_client(client_of, admin):
    return client_of(admin)


# --- Who gets in -----------------------------------------------------------------------


@pytest.mark.parametrize("address", FOR_EVERYBODY + FOR_ADMINS_TO_READ)
def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(client, at, address):
    response = client.get(at(address))
    assert response.status_code == 302
    assert response["Location"] == f"/sign-in/?next={at(address)}"


@pytest.mark.parametrize("address", FOR_SOME_TO_POST)
def test_who_is_not_signed_in_changes_nothing(client, at, address):
    response = client.post(at(address))
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in/")
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("address", FOR_EVERYBODY)
@pytest.mark.parametrize("who", ["owner", "admin", "manager", "viewer"])
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


@pytest.mark.parametrize("who", ["admin", "manager", "viewer"])
@pytest.mark.parametrize("address", FOR_OWNERS_TO_POST)
def test_what_owners_do_is_refused_to_others(client_of, at, address, who, request):
    response = client_of(request.getfixturevalue(who)).post(
        at(address), {"second_factor_required": "on"}
    )
    assert response.status_code == 403
    assert "Only an owner of your company may do this." in response.content.decode()
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    "address",
    [address for address in FOR_EVERYBODY + FOR_ADMINS_TO_READ if "{" in address],
)
def test_people_of_another_company_do_not_exist(client_of, outsider, at, address):
    assert client_of(outsider).get(at(address)).status_code == 404


@pytest.mark.parametrize("address", [address for address in FOR_SOME_TO_POST if "{" in address])
def test_people_of_another_company_are_not_changed(client_of, outsider, viewer, at, address):
    response = client_of(outsider).post(at(address), {"name": "Taken over", "role": "admin"})
    assert response.status_code == 404
    viewer.refresh_from_db()
    assert (viewer.name, viewer.role, viewer.is_active) == ("Vic Viewer", "viewer", True)
    assert Invitation.objects.get().link_number == 1


@pytest.mark.parametrize("address", FOR_EVERYBODY + FOR_ADMINS_TO_READ)
def test_an_operator_without_company_is_told_why_not(client_of, operator, at, address):
    response = client_of(operator).get(at(address))
    assert response.status_code == 403
    assert "You belong to no company" in response.content.decode()


@pytest.mark.parametrize("address", FOR_SOME_TO_POST)
def test_a_form_of_another_site_changes_nothing(owner, at, address):
    client = Client(enforce_csrf_checks=True)
    signed_in(client, owner)
    response = client.post(at(address), A_COMPANY | A_PERSON)
    assert response.status_code == 403
    assert "Please send it again" in response.content.decode()
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("address", TO_CONFIRM)
def test_who_was_not_seen_for_long_confirms_first(client, owner, at, address, mailoutbox):
    signed_in(client, owner, confirmed_at=time.time() - 901)
    method = client.get if address in FOR_ADMINS_TO_READ else client.post
    response = method(at(address), headers={"referer": "http://testserver/account/people/"})
    assert response.status_code == 302
    assert response["Location"].startswith("/confirm/?next=")
    assert not AuditEvent.objects.exists()
    assert mailoutbox == []


@pytest.mark.parametrize("address", FOR_EVERYBODY + FOR_ADMINS_TO_READ[:3])
def test_pages_take_few_queries_whatever_the_amount_of_data(
    client_of, company, owner, at, address, django_assert_max_num_queries
):
    client = client_of(owner)
    # So that the second factor is asked for as well.
    Company.objects.update(second_factor_required=True)
    Authenticator.objects.create(user=owner, type=Authenticator.Type.TOTP, data={})
    for number in range(60):
        email = f"person{number}@northern.example"
        person = User.objects.create_user(email, name="Person", company=company)
        services.person_change(person=person, by=owner, name="Renamed", role=Role.MANAGER)
        Invitation.objects.create(company=company, email=f"x{email}", name="X", role="viewer")
    with django_assert_max_num_queries(8):
        assert client.get(at(address)).status_code == 200


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


def test_an_owner_requires_a_second_factor(client_of, owner, company):
    client = client_of(owner)
    assert "1 person has no second factor yet." in client.get(COMPANY).content.decode()
    client.post(
        COMPANY + "security/change/",
        {"second_factor_required": "on", "secrets_policy": "reveal"},
    )
    company.refresh_from_db()
    assert company.second_factor_required
    assert client.get(COMPANY)["Location"] == "/you/second-factor/add/"
    [event] = AuditEvent.objects.all()
    assert event.changes == {"second_factor_required": ["No", "Yes"]}


def test_admins_read_what_is_required(admins_client):
    page = admins_client.get(COMPANY).content.decode()
    assert "Only owners change this." not in page
    assert "An owner of your company can change this." in page


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
    assert "Invite person" not in page


@pytest.mark.parametrize("query", ["q=vic", "q=VIEWER@", "q=vic&page=99", "q=vic&page=x"])
def test_people_are_searched_for(admins_client, viewer, query):
    page = admins_client.get(f"{PEOPLE}?{query}").content.decode()
    assert viewer.email in page
    assert "admin@northern.example" not in page[page.index("<main") :]


@pytest.mark.parametrize("query", ["q=zzz", "q=%00"])
def test_a_search_without_result_says_so(admins_client, query):
    assert "Nobody found" in admins_client.get(f"{PEOPLE}?{query}").content.decode()


def test_name_and_role_are_changed(admins_client, viewer):
    response = admins_client.post(
        f"{PEOPLE}{viewer.code}/change/", {"name": "Vic", "role": "manager"}, follow=True
    )
    viewer.refresh_from_db()
    assert (viewer.name, viewer.role) == ("Vic", "manager")
    assert "Vic is saved." in response.content.decode()


@pytest.mark.parametrize("role", ["owner", "king", ""])
def test_an_admin_gives_no_role_above_their_own(admins_client, viewer, role):
    response = admins_client.post(f"{PEOPLE}{viewer.code}/change/", {"name": "Vic", "role": role})
    assert response.status_code == 200
    assert 'aria-invalid="true"' in response.content.decode()
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


def test_an_owner_makes_another_owner(client_of, owner, viewer):
    client_of(owner).post(f"{PEOPLE}{viewer.code}/change/", {"name": "Vic", "role": "owner"})
    viewer.refresh_from_db()
    assert viewer.role == "owner"


@pytest.mark.parametrize(
    "do", ["change/", "deactivate/", "reactivate/", "second-factor/reset/", "invite/"]
)
def test_owners_are_not_for_admins_to_manage(admins_client, owner, do):
    response = admins_client.post(f"{PEOPLE}{owner.code}/{do}", {"name": "X", "role": "viewer"})
    assert response.status_code == 403
    page = admins_client.get(f"{PEOPLE}{owner.code}/").content.decode()
    assert "An owner of your company can change this." in page
    assert f"{owner.code}/{do}" not in page
    assert not AuditEvent.objects.exists()


def test_the_last_owner_cannot_step_down(client_of, owner):
    client = client_of(owner)
    response = client.post(f"{PEOPLE}{owner.code}/change/", {"name": "Odo", "role": "viewer"})
    assert "make another person owner first" in response.content.decode()
    response = client.post(f"{PEOPLE}{owner.code}/deactivate/", follow=True)
    assert "make another person owner first" in response.content.decode()
    owner.refresh_from_db()
    assert (owner.role, owner.is_active) == ("owner", True)


def test_who_gives_oneself_a_lesser_role_stays_signed_in_here(client, owner, second_owner):
    elsewhere = Client()
    signed_in(client, owner)
    signed_in(elsewhere, owner)
    response = client.post(
        f"{PEOPLE}{owner.code}/change/", {"name": "Odo", "role": "viewer"}, follow=True
    )
    assert "Odo is saved." in response.content.decode()
    assert elsewhere.get(PEOPLE).status_code == 302


def test_who_deactivates_oneself_is_out(client_of, owner, second_owner):
    client = client_of(owner)
    assert client.post(f"{PEOPLE}{owner.code}/deactivate/")["Location"] == "/sign-in/"
    assert client.get(PEOPLE).status_code == 302


def test_a_new_role_signs_out_at_once(admins_client, viewer):
    viewers_client = Client()
    signed_in(viewers_client, viewer)
    assert viewers_client.get(PEOPLE).status_code == 200
    admins_client.post(f"{PEOPLE}{viewer.code}/change/", {"name": "Vic", "role": "manager"})
    assert viewers_client.get(PEOPLE).status_code == 302


def test_the_deactivated_are_out_at_once_and_for_good(admins_client, viewer):
    viewers_client = Client()
    signed_in(viewers_client, viewer)
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
    with time_machine.travel("2026-03-02T06:30:00Z", tick=False), acting_from("203.0.113.7"):
        services.company_change(company=company, by=admin, name="Northern")
        services.company_change(company=other_company, by=outsider, name="Elsewhere")
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
    audit_event_add(company=company, actor=viewer, action="looked at", subject=company)

    def shown(query):
        page = admins_client.get(f"{ACTIVITY}?{query}").content.decode()
        return ["Renamed Person" in page.partition("<tbody>")[2], "Looked at" in page]

    assert shown("") == [True, True]
    assert shown(f"person={viewer.code}") == [False, True]
    assert shown("q=changed") == [True, False]
    assert shown(f"person={viewer.code}&q=changed") == [False, False]


@pytest.mark.parametrize("query", ["person=nonsense", "person={outsider}", "q=%00"])
def test_a_filter_that_means_nothing_finds_nothing(admins_client, company, admin, outsider, query):
    audit_event_add(company=company, actor=admin, action="looked at", subject=company)
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
        audit_event_add(company=company, actor=admin, action=f"step {number:02}", subject=company)
    page = admins_client.get(f"{ACTIVITY}?q=step").content.decode()
    assert "Step 01" in page
    assert "Step 00" not in page
    older = re.search(r'rel="next"\s+href="(\?[^"]+)"', page)[1].replace("&amp;", "&")
    assert "q=step" in older
    page = admins_client.get(ACTIVITY + older).content.decode()
    assert "Step 00" in page
    assert "Step 01" not in page


def test_activity_says_up_to_where_it_was_verified(admins_client, company, admin):
    audit_event_add(company=company, actor=admin, action="looked at", subject=company)
    assert "Verified" not in admins_client.get(ACTIVITY).content.decode()
    verify_and_note(company=company)
    page = admins_client.get(ACTIVITY).content.decode()
    number = AuditEvent.objects.latest("sequence").sequence
    assert f"Verified up to entry {number}: each follows the one before." in page
    AuditHead.objects.update(broken_at=1)
    page = admins_client.get(ACTIVITY).content.decode()
    assert "Entry 1 is not what was written" in page
    assert "Verified" not in page


def test_activity_is_a_file_with_the_filter_of_the_page(admins_client, company, admin, viewer):
    services.person_change(person=viewer, by=admin, name="=1+1", role=Role.VIEWER)
    audit_event_add(company=company, actor=viewer, action="looked at", subject=company)
    page = admins_client.get(f"{ACTIVITY}?kind=accounts.user&q=changed").content.decode()
    path = re.search(r'href="(/account/activity/csv/[^"]+)"', page)[1].replace("&amp;", "&")
    response = admins_client.get(path)
    assert response["Content-Disposition"] == 'attachment; filename="activity-northern-build.csv"'
    header, row = csv.reader(io.StringIO(response.getvalue().decode()))
    assert header[:5] == ["Number", "Time", "Who", "E-mail", "What"]
    event = AuditEvent.objects.get(action="changed", subject_type="accounts.user")
    assert row == [
        str(event.sequence),
        event.at.isoformat(),
        "Ada Admin",
        "admin@northern.example",
        "changed",
        "person",
        "'=1+1",
        "Name: Vic Viewer → =1+1",
        "127.0.0.1" if event.address else "",
        event.digest,
    ]
    assert AuditEvent.objects.latest("sequence").action == "exported the activity of"


def test_a_file_of_a_filter_that_means_nothing_is_not_made(admins_client, company, trail):
    response = admins_client.get("/account/activity/csv/?first=tomorrow")
    assert response["Location"] == ACTIVITY
    assert trail.actions() == []


def test_activity_of_one_thing_says_of_what(admins_client, company, admin, viewer):
    services.person_change(person=viewer, by=admin, name="Violet", role=Role.VIEWER)
    audit_event_add(company=company, actor=admin, action="looked at", subject=company)
    page = admins_client.get(f"{ACTIVITY}?subject=accounts.user:{viewer.code}").content.decode()
    assert "Only what was done to the person “Violet”." in page
    assert "Looked at" not in page
    # The filter stays when another is added.
    assert f'name="subject" value="accounts.user:{viewer.code}"' in page
