import pytest
from allauth.account.models import EmailAddress

from accounts import services
from accounts.models import AuditEvent, Company, Invitation, User
from tests.conftest import PASSWORD

OPERATOR = "/operator/"


@pytest.fixture
def operators_client(client_of, operator):
    return client_of(operator)


def _person_form(person, **changed):
    fields = {
        "email": person.email,
        "name": person.name,
        "company": person.company_id or "",
        "role": person.role,
        "is_active": "on" if person.is_active else "",
        "is_staff": "on" if person.is_staff else "",
    } | changed
    return {name: value for name, value in fields.items() if value != ""}


def test_the_way_in_is_the_one_of_everybody(client, db):
    response = client.get(OPERATOR)
    assert response["Location"] == "/operator/login/?next=/operator/"
    response = client.get(response["Location"])
    assert response["Location"] == "/sign-in/?next=%2Foperator%2F"


@pytest.mark.parametrize("who", ["admin", "viewer"])
def test_people_of_companies_do_not_get_in(client_of, who, request):
    response = client_of(request.getfixturevalue(who)).get(OPERATOR, follow=True)
    assert response.status_code == 403


@pytest.mark.parametrize("page", ["", "add/"])
@pytest.mark.parametrize("model", ["company", "user"])
def test_companies_and_people_have_pages(operators_client, admin, viewer, model, page):
    assert operators_client.get(f"{OPERATOR}accounts/{model}/{page}").status_code == 200


def test_nothing_is_deleted(operators_client, company, viewer):
    for path in (f"company/{company.pk}", f"user/{viewer.pk}"):
        response = operators_client.post(f"{OPERATOR}accounts/{path}/delete/", {"post": "yes"})
        assert response.status_code == 403
    assert User.objects.filter(pk=viewer.pk).exists()


def test_addresses_kept_by_the_sign_in_library_are_nobodys_to_edit(operators_client):
    assert operators_client.get(f"{OPERATOR}account/emailaddress/").status_code == 404


def test_a_company_is_added_and_changed_with_what_follows(operators_client, monkeypatch):
    told = []
    monkeypatch.setattr(services, "company_changed_hooks", [told.append])
    add = {
        "name": "New Build",
        "time_zone": "Europe/Oslo",
        "coming_due_days": "30",
        "request_log_days": "400",
        "secrets_policy": "reveal",
    }
    operators_client.post(f"{OPERATOR}accounts/company/add/", add)
    company = Company.objects.get()
    operators_client.post(
        f"{OPERATOR}accounts/company/{company.pk}/change/", add | {"coming_due_days": "45"}
    )
    company.refresh_from_db()
    assert company.coming_due_days == 45
    assert told == [company]
    assert AuditEvent.objects.get().actor_name == "Otto Operator"


def test_a_person_is_added_with_a_hashed_password(operators_client, company):
    response = operators_client.post(
        f"{OPERATOR}accounts/user/add/",
        {
            "email": "Nia@Northern.example",
            "name": "Nia",
            "company": company.pk,
            "role": "admin",
            "usable_password": "true",
            "password1": PASSWORD,
            "password2": PASSWORD,
        },
    )
    assert response.status_code == 302
    person = User.objects.get(email="nia@northern.example")
    assert person.check_password(PASSWORD)
    assert person.is_company_admin
    assert not person.is_staff
    assert AuditEvent.objects.get().action == "added"


def test_a_changed_email_no_longer_resets_a_password_at_the_old_one(
    operators_client, client, viewer, mailoutbox
):
    EmailAddress.objects.create(user=viewer, email=viewer.email)
    old = viewer.email
    operators_client.post(
        f"{OPERATOR}accounts/user/{viewer.pk}/change/",
        _person_form(viewer, email="vic@new.example"),
    )
    viewer.refresh_from_db()
    assert viewer.email == "vic@new.example"
    event = AuditEvent.objects.get()
    assert event.changes == {"email": ["viewer@northern.example", "vic@new.example"]}
    client.post("/password/reset/", {"email": old})
    assert "/password/reset/key/" not in mailoutbox[0].body


def test_deactivating_here_ends_sessions_too(operators_client, viewer):
    operators_client.post(
        f"{OPERATOR}accounts/user/{viewer.pk}/change/", _person_form(viewer, is_active="")
    )
    viewer.refresh_from_db()
    assert not viewer.is_active
    assert viewer.session_epoch == 1


def test_a_new_role_here_ends_sessions_too(operators_client, admin, viewer):
    Invitation.objects.create(
        company=admin.company, email="nia@new.example", name="Nia", role="admin", invited_by=admin
    )
    operators_client.post(
        f"{OPERATOR}accounts/user/{admin.pk}/change/", _person_form(admin, role="viewer")
    )
    admin.refresh_from_db()
    assert (admin.role, admin.session_epoch) == ("viewer", 1)
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"role": "admin"}, id="role"),
        pytest.param({"is_active": ""}, id="deactivated"),
        pytest.param({"company": ""}, id="company"),
    ],
)
def test_the_last_owner_of_a_company_stays(operators_client, owner, changed, second_owner):
    second_owner.is_active = False
    second_owner.save()
    response = operators_client.post(
        f"{OPERATOR}accounts/user/{owner.pk}/change/", _person_form(owner, **changed)
    )
    assert "make another person owner first" in response.content.decode()
    owner.refresh_from_db()
    assert (owner.role, owner.is_active, owner.company_id is not None) == ("owner", True, True)


def test_an_owner_goes_where_there_is_another(operators_client, owner, second_owner):
    operators_client.post(
        f"{OPERATOR}accounts/user/{owner.pk}/change/", _person_form(owner, role="admin")
    )
    owner.refresh_from_db()
    assert owner.role == "admin"


def test_an_operator_takes_back_what_a_company_requires(operators_client, company):
    company.second_factor_required = True
    company.save()
    operators_client.post(
        f"{OPERATOR}accounts/company/{company.pk}/change/",
        {
            "name": company.name,
            "time_zone": company.time_zone,
            "coming_due_days": "30",
            "request_log_days": "400",
            "secrets_policy": "reveal",
        },
    )
    company.refresh_from_db()
    assert not company.second_factor_required
    assert AuditEvent.objects.get().changes == {"second_factor_required": ["Yes", "No"]}


def test_lists_take_few_queries_whatever_the_amount_of_data(
    operators_client, company, django_assert_max_num_queries
):
    for number in range(30):
        User.objects.create_user(f"p{number}@northern.example", company=company)
    with django_assert_max_num_queries(8):
        operators_client.get(f"{OPERATOR}accounts/user/")


def test_nobody_with_a_limit_becomes_an_owner(operators_client, viewer):
    viewer.limit = {"divisions": [1]}
    viewer.save()
    path = f"{OPERATOR}accounts/user/{viewer.pk}/change/"
    page = operators_client.post(path, _person_form(viewer, role="owner"))
    assert "an admin of it must lift the limit first" in page.content.decode()
    viewer.refresh_from_db()
    assert (viewer.role, viewer.limit) == ("viewer", {"divisions": [1]})
