import pytest
from django.db import IntegrityError, transaction

from accounts.models import AuditEvent, User


def test_an_email_is_one_person_however_it_is_typed(admin):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user(" ADMIN@Northern.example ")


def test_the_database_refuses_an_email_in_upper_case(admin):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=admin.pk).update(email="Admin@northern.example")


def test_a_new_epoch_ends_the_sessions_of_the_person(admin, client_of):
    client = client_of(admin)
    assert client.get("/account/company/").status_code == 200
    User.objects.filter(pk=admin.pk).update(session_epoch=1)
    assert client.get("/account/company/").status_code == 302


def test_a_session_survives_a_new_secret_key_while_the_old_one_is_a_fallback(
    admin, client_of, settings
):
    client = client_of(admin)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-key-of-the-tests-that-is-long-enough"
    assert client.get("/account/company/").status_code == 200


def test_changes_are_told_in_the_words_of_forms(company):
    event = AuditEvent(
        company=company,
        subject_type="accounts.company",
        changes={"coming_due_days": ["30", "45"], "copy of": ["", "HR"]},
    )
    assert event.subject_kind == "company"
    assert event.described_changes == [
        ("Coming due, in days", "30", "45"),
        ("Copy of", "", "HR"),
    ]


@pytest.mark.parametrize("subject_type", ["gone.model", "nonsense", ""])
def test_an_event_about_something_unknown_can_still_be_shown(subject_type):
    event = AuditEvent(subject_type=subject_type, changes={"name": ["a", "b"]})
    assert event.subject_kind == ""
    assert event.described_changes == [("Name", "a", "b")]
