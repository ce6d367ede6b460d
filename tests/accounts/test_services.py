import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection

from accounts import services
from accounts.models import AuditEvent, Company, Role, User
from accounts.services import LastAdmin


@pytest.fixture
def told(monkeypatch):
    """Return the list of companies whose change another app was told about."""
    told = []
    monkeypatch.setattr(services, "company_changed_hooks", [told.append])
    return told


def _events(company):
    return list(AuditEvent.objects.for_company(company).order_by("id"))


# --- Company ---------------------------------------------------------------------------


def test_a_changed_company_leaves_before_and_after(company, admin, told):
    changed = services.company_change(
        company=company, by=admin, address="203.0.113.7", name="Northern", time_zone="UTC"
    )
    company.refresh_from_db()
    assert changed
    assert (company.name, company.time_zone, company.coming_due_days) == ("Northern", "UTC", 30)
    [event] = _events(company)
    assert (event.actor, event.action, event.address) == (admin, "changed", "203.0.113.7")
    assert event.changes == {
        "name": ["Northern Build", "Northern"],
        "time_zone": ["America/Edmonton", "UTC"],
    }


def test_saving_the_same_again_changes_and_records_nothing(company, admin, told):
    assert not services.company_change(company=company, by=admin, coming_due_days=30)
    assert _events(company) == []
    assert told == []


def test_other_apps_are_told_of_new_coming_due_days_and_see_them(company, admin, told):
    services.company_change(company=company, by=admin, coming_due_days=45)
    assert [(told_of.pk, told_of.coming_due_days) for told_of in told] == [(company.pk, 45)]


def test_other_apps_are_told_of_another_day_but_not_of_another_name(company, admin, told):
    services.company_change(company=company, by=admin, name="Northern")
    assert told == []
    services.company_change(company=company, by=admin, time_zone="Pacific/Kiritimati")
    assert [told_of.time_zone for told_of in told] == ["Pacific/Kiritimati"]


def test_an_error_of_another_app_undoes_the_change(company, admin, monkeypatch):
    def fail(company):
        raise RuntimeError

    monkeypatch.setattr(services, "company_changed_hooks", [fail])
    with pytest.raises(RuntimeError):
        services.company_change(company=company, by=admin, coming_due_days=45)
    company.refresh_from_db()
    assert company.coming_due_days == 30
    assert _events(company) == []


@pytest.mark.parametrize(
    "fields", [{"time_zone": "Mars/Olympus"}, {"coming_due_days": 367}, {"name": "two\nlines"}]
)
def test_a_value_that_cannot_stand_is_refused(company, admin, fields):
    with pytest.raises(ValidationError):
        services.company_change(company=company, by=admin, **fields)


def test_only_settings_of_a_company_are_changed(company, admin):
    with pytest.raises(TypeError):
        services.company_change(company=company, by=admin, id=7)


# --- People ----------------------------------------------------------------------------


def test_a_person_is_added_without_a_password(company, admin):
    person = services.person_add(
        company=company, by=admin, email="New@Northern.example", name="Nia New", role=Role.MANAGER
    )
    assert person.email == "new@northern.example"
    assert person.role == "manager"
    assert not person.has_usable_password()
    [event] = _events(company)
    assert (event.action, event.subject_name, event.subject_id) == (
        "added",
        "Nia New",
        str(person.code),
    )
    assert event.changes == {"email": ["", "new@northern.example"], "role": ["", "Manager"]}


def test_a_person_is_not_added_twice(company, admin, outsider):
    with pytest.raises(IntegrityError):
        services.person_add(
            company=company, by=admin, email=outsider.email, name="Olga", role=Role.VIEWER
        )


def test_a_changed_role_leaves_before_and_after(company, admin, viewer):
    assert services.person_change(person=viewer, by=admin, name=viewer.name, role=Role.ADMIN)
    viewer.refresh_from_db()
    assert viewer.role == "admin"
    [event] = _events(company)
    assert event.changes == {"role": ["Viewer", "Admin"]}


def test_deactivating_ends_sessions_and_keeps_the_password(company, admin, viewer):
    assert services.person_deactivate(person=viewer, by=admin)
    viewer.refresh_from_db()
    assert not viewer.is_active
    assert viewer.session_epoch == 1
    assert viewer.has_usable_password()
    assert not services.person_deactivate(person=viewer, by=admin)
    assert [event.action for event in _events(company)] == ["deactivated"]


def test_reactivating_is_done_once(company, admin, viewer):
    services.person_deactivate(person=viewer, by=admin)
    assert services.person_reactivate(person=viewer, by=admin)
    assert not services.person_reactivate(person=viewer, by=admin)
    viewer.refresh_from_db()
    assert viewer.is_active
    assert [event.action for event in _events(company)] == ["deactivated", "reactivated"]


def test_the_last_active_admin_stays(company, admin, second_admin, outsider):
    services.person_deactivate(person=second_admin, by=admin)
    with pytest.raises(LastAdmin):
        services.person_change(person=admin, by=admin, name=admin.name, role=Role.VIEWER)
    with pytest.raises(LastAdmin):
        services.person_deactivate(person=admin, by=admin)
    admin.refresh_from_db()
    assert admin.is_active
    assert admin.role == "admin"


def test_the_last_admin_can_still_be_renamed(admin):
    assert services.person_change(person=admin, by=admin, name="Ada Adler", role=Role.ADMIN)


def test_of_two_admins_who_read_the_same_page_one_stays(admin, second_admin):
    # Both objects were read before either change, as two requests at once would.
    services.person_change(person=second_admin, by=admin, name=second_admin.name, role=Role.VIEWER)
    with pytest.raises(LastAdmin):
        services.person_change(person=admin, by=second_admin, name=admin.name, role=Role.VIEWER)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    "sqlite" in connection.vendor, reason="SQLite lets in one writer at a time anyway"
)
def test_of_two_admins_who_demote_each_other_at_once_one_stays(admin, second_admin):
    barrier = threading.Barrier(2)
    refused = []

    def demote(person, by):
        barrier.wait()
        try:
            services.person_change(person=person, by=by, name=person.name, role=Role.VIEWER)
        except LastAdmin:
            refused.append(person)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=demote, args=pair)
        for pair in ((admin, second_admin), (second_admin, admin))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert User.objects.filter(role=Role.ADMIN, is_active=True).count() == 1


def test_an_operator_is_no_person_of_a_company(operator):
    with pytest.raises(ValueError, match="belongs to no company"):
        services.person_deactivate(person=operator, by=operator)


def test_the_link_to_set_a_password_is_below_the_site_address(viewer, settings):
    settings.SITE_URL = "https://workhub.example"
    link = services.set_password_link(person=viewer)
    assert link.startswith("https://workhub.example/password/reset/key/")


def test_a_new_password_writes_nothing_else_of_the_person(company, admin, viewer):
    read_before = User.objects.get(pk=viewer.pk)
    services.person_change(person=viewer, by=admin, name="Vic", role=Role.MANAGER)
    services.password_change(person=read_before, password="quite another password")
    viewer.refresh_from_db()
    assert viewer.role == "manager"
    assert viewer.check_password("quite another password")
    event = _events(company)[-1]
    assert (event.action, event.changes) == ("set a new password", {})


def test_audit_events_of_an_operator_who_sets_a_password_go_to_no_company(operator):
    services.password_change(person=operator, password="quite another password")
    assert not AuditEvent.objects.exists()
    assert not Company.objects.exists()
