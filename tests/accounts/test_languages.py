"""In which language whom is answered, and what stays in one language for all."""

import json

import pytest
from django.utils import translation

from accounts.audit.models import AuditEvent
from accounts.audit.trail import audit_event_add
from accounts.models import User
from accounts.services import person_change
from tests.conftest import PASSWORD

FRENCH = {"headers": {"accept-language": "fr-CA,fr;q=0.9,en;q=0.5"}}


def test_the_browser_decides_until_somebody_chooses(client, db):
    assert 'lang="en"' in client.get("/sign-in/").text
    response = client.get("/sign-in/", **FRENCH)
    assert 'lang="fr"' in response.text
    assert "Se connecter" in response.text
    assert response["Content-Language"] == "fr"


def test_a_choice_before_sign_in_is_kept_by_the_browser(client, db):
    response = client.post("/language/", {"language": "fr", "next": "/sign-in/?next=/workers/"})
    assert response["Location"] == "/sign-in/?next=/workers/"
    assert client.cookies["language"].value == "fr"
    assert 'lang="fr"' in client.get("/sign-in/").text


@pytest.mark.parametrize("back_to", ["https://evil.example/", "//evil.example", "", "javascript:x"])
def test_a_choice_never_leads_to_another_site(client, db, back_to):
    response = client.post("/language/", {"language": "fr", "next": back_to})
    assert response["Location"] == "/"


def test_a_language_that_is_not_there_changes_nothing(client_of, admin):
    client = client_of(admin)
    client.post("/language/", {"language": "tlh"})
    assert "language" not in client.cookies
    admin.refresh_from_db()
    assert admin.language == ""


def test_what_a_person_chose_wins_over_the_browser(client_of, admin):
    client = client_of(admin)
    response = client.post(
        "/you/preferences/", {"language": "fr", "time_zone": "", **ON}, follow=True
    )
    assert "Préférences" in response.text
    assert 'lang="fr"' in client.get("/account/api/", headers={"accept-language": "en"}).text
    # Also where the next person signs in on this machine.
    assert client.cookies["language"].value == "fr"


ON = {"has_shortcuts": "on"}


def test_times_are_shown_in_the_zone_a_person_chose(client_of, admin):
    AuditEvent.objects.create(
        company=admin.company,
        sequence=1,
        actor=admin,
        actor_name="Ada",
        action="added",
        at="2026-03-02T12:00:00Z",
        subject_type="accounts.user",
        subject_name="Ada",
    )
    client = client_of(admin)
    assert "2 Mar 2026, 05:00" in client.get("/account/activity/").text
    client.post("/you/preferences/", {"language": "fr", "time_zone": "Asia/Tokyo", **ON})
    assert "2 mars 2026, 21\xa0h\xa000" in client.get("/account/activity/").text


def test_a_zone_that_is_not_there_is_refused_and_the_form_kept(client_of, admin):
    response = client_of(admin).post(
        "/you/preferences/", {"language": "fr", "time_zone": "Mars/Olympus"}
    )
    assert response.status_code == 422
    assert '<option value="fr" selected>' in response.text
    admin.refresh_from_db()
    assert (admin.language, admin.time_zone) == ("", "")


def test_numbers_are_written_as_the_language_does(db):
    from django.template import Context, Template

    template = Template("{{ number }}")
    for language, text in (("en", "12,345"), ("fr", "12\xa0345")):
        with translation.override(language):
            assert template.render(Context({"number": 12345})) == text


def test_a_program_is_answered_in_one_language_whoever_was_before(client, db):
    client.get("/sign-in/", **FRENCH)
    assert translation.get_language() == "en"
    response = client.get("/api/v1/verify", **FRENCH)
    assert response.json()["title"] == "No Client Key and Client Secret were sent"
    assert "Content-Language" not in response


def test_the_published_description_is_the_same_in_every_language(client, db):
    plain, french = (
        client.get("/api/v1/openapi.json", **headers).content for headers in ({}, FRENCH)
    )
    assert json.loads(plain) == json.loads(french)


def test_the_trail_is_written_in_one_language_and_read_in_any(client_of, owner, viewer):
    with translation.override("fr"):
        person_change(person=viewer, by=owner, name=viewer.name, role="manager")
    event = AuditEvent.objects.get(action="changed")
    assert event.changes == {"role": ["Viewer", "Manager"]}
    client = client_of(owner)
    assert "Viewer" in client.get("/account/activity/").text
    page = client.get("/account/activity/", **FRENCH).text
    assert "Gestionnaire" in page
    assert "Manager" not in page


def test_a_file_that_is_written_as_it_is_sent_is_in_the_language_too(client_of, admin):
    response = client_of(admin).get("/workers/export/csv/", **FRENCH)
    assert b"Nom" in b"".join(response.streaming_content)
    assert translation.get_language() == "en"


def test_mail_is_in_the_language_of_who_gets_it(company, admin, second_admin, mailoutbox):
    from accounts.mail import mail_admins_of

    User.objects.filter(pk=second_admin.pk).update(language="fr")
    mail_admins_of(
        company,
        "apicalls/mail/new_caller",
        {
            "api_call": type("Call", (), {"name": "Gate", "get_absolute_url": "/x/"})(),
            "caller": None,
        },
        may_know=lambda _person: True,
    )
    subjects = [mail.subject for mail in mailoutbox]
    assert len(set(subjects)) == 2
    assert PASSWORD


def test_what_is_one_of_several_is_shown_in_the_language_of_the_reader(client_of, owner):
    company = owner.company
    audit_event_add(
        company=company,
        actor=owner,
        action="assigned",
        subject=company,
        changes={"Crane Operator": ["required", "not_applicable"]},
    )
    [change] = AuditEvent.objects.get(action="assigned").described_changes
    assert change == ("Crane Operator", "Required", "Not Applicable")
    with translation.override("fr"):
        [change] = AuditEvent.objects.get(action="assigned").described_changes
    assert change == ("Crane Operator", "Obligatoire", "Sans objet")
