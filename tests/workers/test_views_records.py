"""Records: adding, renewing, changing, and those that wait for approval."""

import re
import uuid
from datetime import date, timedelta

import pytest
from django.test import Client

from accounts.models import AuditEvent, Role, User
from tests.conftest import PASSWORD
from workers import services
from workers.models import Record
from workers.selectors import compliance_find

WAITING = "/workers/waiting/"
ADD = "/workers/{worker}/records/add/"
RENEW = "/workers/records/{record}/renew/"
CHANGE = "/workers/records/{record}/change/"
APPROVE = "/workers/records/{record}/approve/"
REJECT = "/workers/records/{record}/reject/"
FOR_MANAGERS_TO_READ = [ADD, RENEW, CHANGE, REJECT]
FOR_MANAGERS_TO_POST = [ADD, RENEW, CHANGE, APPROVE, REJECT]


@pytest.fixture
def manager(company) -> User:
    return User.objects.create_user(
        "manager@northern.example", PASSWORD, name="Max Manager", company=company, role=Role.MANAGER
    )


@pytest.fixture
def managers_client(client_of, manager):
    return client_of(manager)


@pytest.fixture
def submit(company, dana, asked_first_aid):
    """Return a function that hands in a First Aid certificate of a worker."""

    def submit_record(worker=dana, requirement=asked_first_aid, **fields):
        return services.record_add(
            company=company,
            worker=worker,
            requirement=requirement,
            by=None,
            **{
                "state": "submitted",
                "submitted_on": date(2026, 1, 5),
                "completed_on": date(2999, 1, 1),
                "certificate_number": "FA-88120",
                "issuer": "Red Cross",
            }
            | fields,
        )

    return submit_record


@pytest.fixture
def waiting(submit):
    """Dana's certificate, which waits for approval."""
    return submit()


@pytest.fixture
def at(dana, waiting):
    """Return a function that puts Dana and the waiting record into an address."""
    return lambda address: address.format(worker=dana.pk, record=waiting.pk)


@pytest.fixture
def answer(company):
    """Return a function that tells what the API says of Dana's First Aid."""

    def ask():
        [found] = compliance_find(company_id=company.pk, today=company.today(), id_number="10482")
        [item] = found.items
        return str(item.status)

    return ask


def filled(record=None, **others):
    """The form's fields for a record as stored, and others."""
    fields = {
        "state": "approved",
        "completed_on": "",
        "issued_on": "",
        "submitted_on": "",
        "expires_on": "",
        "certificate_number": "",
        "issuer": "",
        "score": "",
        "progress": "",
        "note": "",
        "code": str(uuid.uuid4()),
    }
    if record is not None:
        stored = Record.objects.get(pk=record.pk)
        fields = {name: getattr(stored, name, "") for name in fields}
        fields = {name: "" if value is None else str(value) for name, value in fields.items()}
        fields["seen"] = services.record_digest(stored)
    return fields | others


def text_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def notices(response):
    return [str(message) for message in response.context["messages"]]


def waits(response):
    return [record.pk for record in response.context["page"].object_list]


# --- Who gets in -----------------------------------------------------------------------


@pytest.mark.parametrize("address", [WAITING, *FOR_MANAGERS_TO_READ])
def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(client, at, address):
    response = client.get(at(address))
    assert response.status_code == 302
    assert response["Location"] == f"/sign-in/?next={at(address)}"


@pytest.mark.parametrize("who", ["admin", "manager", "viewer"])
def test_everybody_of_the_company_may_see_what_waits(client_of, waiting, who, request):
    response = client_of(request.getfixturevalue(who)).get(WAITING)
    assert response.status_code == 200
    assert waits(response) == [waiting.pk]


@pytest.mark.parametrize("address", FOR_MANAGERS_TO_READ)
def test_admins_and_managers_may_change(client_of, admin, manager, at, address):
    assert client_of(manager).get(at(address)).status_code == 200
    assert client_of(admin).get(at(address)).status_code == 200


@pytest.mark.parametrize("address", FOR_MANAGERS_TO_POST)
def test_viewers_change_nothing(client_of, viewer, waiting, at, address):
    events = AuditEvent.objects.count()
    response = client_of(viewer).post(at(address), filled(waiting, reason="No"))
    assert response.status_code == 403
    assert AuditEvent.objects.count() == events


def test_viewers_see_no_buttons(client_of, viewer, waiting):
    page = client_of(viewer).get(WAITING).content.decode()
    assert "/approve/" not in page
    assert "/reject/" not in page


@pytest.mark.parametrize("address", FOR_MANAGERS_TO_READ)
def test_records_of_another_company_do_not_exist(client_of, outsider, at, address):
    assert client_of(outsider).get(at(address)).status_code == 404


@pytest.mark.parametrize("address", FOR_MANAGERS_TO_POST)
def test_records_of_another_company_are_not_changed(client_of, outsider, waiting, at, address):
    response = client_of(outsider).post(at(address), filled(waiting, reason="No"))
    assert response.status_code == 404
    waiting.refresh_from_db()
    assert waiting.state == "submitted"
    assert Record.objects.count() == 1


@pytest.mark.parametrize("address", FOR_MANAGERS_TO_POST)
def test_a_form_of_another_site_changes_nothing(admin, waiting, at, address):
    events = AuditEvent.objects.count()
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post(at(address), filled(waiting, reason="No")).status_code == 403
    assert AuditEvent.objects.count() == events


# --- Adding and renewing ---------------------------------------------------------------


def test_a_certificate_that_expires_soon_is_coming_due_at_once(
    managers_client, manager, company, dana, asked_first_aid, answer
):
    assert answer() == "missing"
    in_ten_days = company.today() + timedelta(days=10)
    response = managers_client.post(
        f"/workers/{dana.pk}/records/add/",
        filled(
            requirement=str(asked_first_aid.pk),
            issued_on="2024-01-01",
            expires_on=in_ten_days.isoformat(),
        ),
        follow=True,
    )
    assert response.redirect_chain == [(f"/workers/{dana.pk}/", 302)]
    [notice] = notices(response)
    assert notice.startswith("Record added. First Aid of Dana Okafor is now: Coming due, valid to ")
    assert answer() == "coming_due"
    record = Record.objects.get()
    assert (record.state, record.approved_by, record.expires_on) == (
        "approved",
        manager,
        in_ten_days,
    )


def test_the_requirement_asked_for_is_chosen_already(managers_client, dana, asked_first_aid):
    page = managers_client.get(f"/workers/{dana.pk}/records/add/?requirement={asked_first_aid.pk}")
    assert f'<option value="{asked_first_aid.pk}" selected>First Aid' in page.content.decode()
    assert (
        managers_client.get(f"/workers/{dana.pk}/records/add/?requirement=%00nonsense").status_code
        == 200
    )


def test_a_record_nobody_asks_for_is_kept_and_said_to_be(managers_client, dana, first_aid):
    response = managers_client.post(
        f"/workers/{dana.pk}/records/add/",
        filled(requirement=str(first_aid.pk), issued_on="2024-01-01"),
        follow=True,
    )
    assert notices(response) == [
        "Record added. First Aid is not asked of Dana Okafor now; the record is kept."
    ]


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        (
            {},
            "completed_on",
            "Give the day on which it was completed, issued or submitted.",
        ),
        ({"issued_on": "2026-02-30"}, "issued_on", "Enter a valid date."),
        ({"requirement": ""}, "requirement", "This field is required."),
        ({"requirement": "9" * 40}, "requirement", "Select a valid choice."),
        ({"requirement": "{theirs}"}, "requirement", "Select a valid choice."),
        ({"state": "rejected"}, "state", "Select a valid choice."),
        ({"score": "101"}, "score", "Ensure this value is less than or equal to 100."),
        ({"progress": "-1"}, "progress", "Ensure this value is greater than or equal to 0."),
        ({"issuer": "Red\u2028Cross"}, "issuer", "Write this on one line, without tabs."),
        ({"code": "x"}, "code", "Enter a valid UUID."),
    ],
)
def test_what_cannot_be_added_is_said_at_the_field(
    managers_client, dana, asked_first_aid, theirs, changes, field, message
):
    typed = {name: value.format(theirs=theirs["requirement"].pk) for name, value in changes.items()}
    if field != "completed_on":
        typed["completed_on"] = "2026-01-01"
    response = managers_client.post(
        f"/workers/{dana.pk}/records/add/",
        filled(requirement=str(asked_first_aid.pk)) | typed,
    )
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert response.context["form"].errors[field][0].startswith(message)
    assert not Record.objects.filter(worker=dana).exists()


def test_a_form_that_is_sent_again_adds_nothing(managers_client, dana, asked_first_aid):
    form = filled(requirement=str(asked_first_aid.pk), issued_on="2026-01-01")
    for _ in range(2):
        assert managers_client.post(f"/workers/{dana.pk}/records/add/", form).status_code == 302
    assert Record.objects.count() == 1


def test_a_renewal_is_filled_in_from_the_record_before(managers_client, waiting, at):
    form = managers_client.get(at(RENEW)).context["form"]
    shown = {field.name: field.value() for field in form}
    assert shown["certificate_number"] == "FA-88120"
    assert shown["issuer"] == "Red Cross"
    assert shown["state"] == "approved"
    assert not shown["completed_on"]
    assert not shown["expires_on"]


def test_a_renewal_is_a_record_of_its_own(managers_client, company, dana, submit, answer):
    old = submit(state="approved", completed_on=date(2020, 1, 1), expires_on=date(2020, 12, 31))
    assert answer() == "expired"
    response = managers_client.post(
        f"/workers/records/{old.pk}/renew/",
        filled(completed_on=company.today().isoformat(), certificate_number="FA-99001"),
        follow=True,
    )
    assert answer() == "current"
    assert notices(response)[0].startswith("Record added. First Aid of Dana Okafor is now: Current")
    old.refresh_from_db()
    assert (old.state, old.expires_on) == ("approved", date(2020, 12, 31))
    assert [record.certificate_number for record in dana.records.order_by("pk")] == [
        "FA-88120",
        "FA-99001",
    ]


# --- Changing --------------------------------------------------------------------------


def test_a_change_of_a_date_is_answered_at_once(managers_client, submit, answer):
    record = submit(state="approved", completed_on=date(2026, 1, 1), expires_on=date(2999, 1, 1))
    assert answer() == "current"
    response = managers_client.post(
        f"/workers/records/{record.pk}/change/",
        filled(record, expires_on="2026-01-31"),
        follow=True,
    )
    assert notices(response) == [
        "Saved. First Aid of Dana Okafor is now: Expired, valid to 31 Jan 2026."
    ]
    assert answer() == "expired"


@pytest.mark.parametrize(
    ("before", "after", "approved_by"),
    [
        ("submitted", "approved", "Max Manager"),
        ("submitted", "prequalified", "Max Manager"),
        ("approved", "approved", "Ada Admin"),
        ("approved", "submitted", "None"),
        ("submitted", "declined", "None"),
    ],
)
def test_who_approves_is_who_sets_the_state(
    managers_client, admin, submit, before, after, approved_by
):
    record = submit(state=before, approved_by=admin if before == "approved" else None)
    managers_client.post(
        f"/workers/records/{record.pk}/change/", filled(record, state=after, note="Seen.")
    )
    record.refresh_from_db()
    assert (record.state, record.note) == (after, "Seen.")
    assert str(record.approved_by) == approved_by


def test_a_rejected_record_can_be_corrected_without_approving_it(managers_client, waiting, at):
    managers_client.post(at(REJECT), {"reason": "Blurred."})
    managers_client.post(at(CHANGE), filled(waiting, certificate_number="FA-1"))
    waiting.refresh_from_db()
    assert (waiting.state, waiting.certificate_number) == ("rejected", "FA-1")


def test_the_second_of_two_editors_is_told_and_loses_nothing(
    managers_client, company, admin, waiting, at
):
    form = filled(waiting, issuer="St John", score="91.50")
    services.record_change(
        company=company, record=waiting, by=admin, issuer="Red Crescent", state="declined"
    )
    told = managers_client.post(at(CHANGE), form)
    assert told.status_code == 409
    text = text_of(told)
    assert "Somebody else has saved other values since you opened this form." in text
    assert "State, as saved Declined" in text
    assert "Issuer, as saved Red Crescent" in text
    assert "Certificate number, as saved" not in text
    kept = {field.name: field.value() or "" for field in told.context["form"]}
    assert (kept["issuer"], kept["score"]) == ("St John", "91.50")
    waiting.refresh_from_db()
    assert waiting.issuer == "Red Crescent"
    assert managers_client.post(at(CHANGE), kept).status_code == 302
    waiting.refresh_from_db()
    assert (waiting.issuer, waiting.state) == ("St John", "submitted")


def test_dates_that_cannot_be_saved_are_said_at_the_field(managers_client, waiting, at):
    emptied = filled(waiting, completed_on="", submitted_on="")
    response = managers_client.post(at(CHANGE), emptied)
    assert response.context["form"].errors == {
        "completed_on": ["Give the day on which it was completed, issued or submitted."]
    }


# --- Waiting for approval --------------------------------------------------------------


def test_what_waits_is_listed_longest_first(managers_client, company, waiting, submit, theirs):
    first = submit(submitted_on=date(2025, 12, 31))
    last = submit(submitted_on=None)
    submit(state="approved")
    assert waits(managers_client.get(WAITING)) == [first.pk, waiting.pk, last.pk]


def test_who_is_inactive_and_what_is_not_in_use_waits_for_nothing(
    managers_client, company, dana, submit, first_aid
):
    phones = services.requirement_add(company=company, by=None, component="policy", name="Phones")
    record, other = submit(), submit(requirement=phones)
    assert waits(managers_client.get(WAITING)) == [record.pk, other.pk]
    services.requirement_change(company=company, requirement=phones, by=None, is_active=False)
    assert waits(managers_client.get(WAITING)) == [record.pk]
    services.worker_deactivate(company=company, worker=dana, by=None)
    response = managers_client.get(WAITING)
    assert waits(response) == []
    assert "Nothing waits" in text_of(response)


def test_what_waits_is_filtered_by_requirement(
    managers_client, company, submit, waiting, asked_first_aid, theirs
):
    phones = services.requirement_add(company=company, by=None, component="policy", name="Phones")
    other = submit(requirement=phones)
    asked = f"{WAITING}?requirement="
    assert waits(managers_client.get(f"{asked}{asked_first_aid.pk}")) == [waiting.pk]
    assert waits(managers_client.get(f"{asked}{phones.pk}")) == [other.pk]
    for nonsense in (theirs["requirement"].pk, "x", "%00", "9" * 40):
        response = managers_client.get(f"{asked}{nonsense}")
        assert waits(response) == []
        assert "None of these waits" in text_of(response)


def test_what_waits_comes_in_pages_of_so_many_queries(
    managers_client, company, dana, asked_first_aid, django_assert_max_num_queries
):
    services.records_add(
        company=company,
        by=None,
        records=[
            {
                "worker": dana,
                "requirement": asked_first_aid,
                "state": "submitted",
                "submitted_on": date(2026, 1, 5),
            }
            for _ in range(60)
        ],
    )
    with django_assert_max_num_queries(10):
        response = managers_client.get(f"{WAITING}?size=50")
    assert len(waits(response)) == 50
    assert "1 to 50 of 60" in text_of(response)
    assert len(waits(managers_client.get(f"{WAITING}?page=2"))) == 10


# --- Approving and rejecting -----------------------------------------------------------


def test_approving_is_answered_at_once(managers_client, manager, waiting, at, answer):
    assert answer() == "waiting_for_approval"
    response = managers_client.post(at(APPROVE), follow=True)
    assert answer() == "current"
    assert notices(response) == [
        "Approved. First Aid of Dana Okafor is now: Current, valid to 1 Jan 3002."
    ]
    waiting.refresh_from_db()
    assert waiting.approved_by == manager
    assert AuditEvent.objects.get(action="approved").actor == manager


def test_rejecting_asks_for_the_reason_and_keeps_it(managers_client, waiting, at, answer):
    assert "Reject First Aid of Dana Okafor?" in text_of(managers_client.get(at(REJECT)))
    refused = managers_client.post(at(REJECT), {"reason": " "})
    assert refused.context["form"].errors == {"reason": ["This field is required."]}
    assert answer() == "waiting_for_approval"
    response = managers_client.post(at(REJECT), {"reason": "The photo is blurred."}, follow=True)
    assert notices(response) == ["Rejected. First Aid of Dana Okafor is now: Rejected."]
    assert answer() == "rejected"
    waiting.refresh_from_db()
    assert waiting.note == "The photo is blurred."
    assert "The photo is blurred." in text_of(response)


@pytest.mark.parametrize("address", [APPROVE, REJECT])
def test_what_was_decided_already_is_not_decided_again(managers_client, waiting, at, address):
    managers_client.post(at(REJECT), {"reason": "Blurred."})
    response = managers_client.post(at(address), {"reason": "Again."}, follow=True)
    assert notices(response)[-1] == (
        "First Aid of Dana Okafor: This record does not wait for approval."
    )
    waiting.refresh_from_db()
    assert (waiting.state, waiting.note) == ("rejected", "Blurred.")


@pytest.mark.parametrize("address", [APPROVE, REJECT])
def test_a_decision_leads_back_to_where_it_was_taken(managers_client, waiting, at, address):
    response = managers_client.post(
        at(address), {"reason": "No.", "next": "/workers/waiting/?requirement=1&page=2"}
    )
    assert response["Location"] == "/workers/waiting/?requirement=1&page=2"


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/", "//evil.example/", "\\\\evil.example", "javascript:alert(1)", ""],
)
def test_a_decision_never_leads_to_another_site(managers_client, dana, waiting, at, address):
    assert "evil" not in managers_client.get(at(REJECT), {"next": address}).content.decode()
    response = managers_client.post(at(APPROVE), {"next": address})
    assert response["Location"] == f"/workers/{dana.pk}/"


def test_the_buttons_of_a_row_lead_back_to_the_list(managers_client, waiting, at):
    page = managers_client.get(f"{WAITING}?size=50").content.decode()
    assert '<input type="hidden" name="next" value="/workers/waiting/?size=50">' in page
    assert f'href="{at(REJECT)}?next=%2Fworkers%2Fwaiting%2F%3Fsize%3D50"' in page
