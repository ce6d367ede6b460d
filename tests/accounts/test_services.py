import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from accounts import services
from accounts.addresses import acting_from
from accounts.models import AuditEvent, Company, Invitation, Role, User
from accounts.services import LastOwner, NotAllowed


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
    with acting_from("203.0.113.7"):
        changed = services.company_change(
            company=company, by=admin, name="Northern", time_zone="UTC"
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


def test_only_an_owner_sets_what_is_required_for_signing_in(company, owner, admin):
    with pytest.raises(NotAllowed):
        services.company_change(company=company, by=admin, second_factor_required=True)
    assert services.company_change(company=company, by=owner, second_factor_required=True)
    company.refresh_from_db()
    assert company.second_factor_required
    [event] = _events(company)
    assert event.changes == {"second_factor_required": ["No", "Yes"]}


# --- People ----------------------------------------------------------------------------


def test_a_changed_role_leaves_before_and_after(company, admin, viewer):
    assert services.person_change(person=viewer, by=admin, name=viewer.name, role=Role.ADMIN)
    viewer.refresh_from_db()
    assert viewer.role == "admin"
    [event] = _events(company)
    assert event.changes == {"role": ["Viewer", "Admin"]}


def test_a_new_role_ends_sessions_and_a_new_name_does_not(admin, viewer):
    services.person_change(person=viewer, by=admin, name="Vic", role=Role.VIEWER)
    viewer.refresh_from_db()
    assert viewer.session_epoch == 0
    services.person_change(person=viewer, by=admin, name="Vic", role=Role.MANAGER)
    viewer.refresh_from_db()
    assert viewer.session_epoch == 1


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


def _invitation(company, by, role=Role.VIEWER, email="nia@new.example"):
    return Invitation.objects.create(
        company=company, email=email, name="Nia", role=role, invited_by=by
    )


def test_what_the_deactivated_have_sent_lets_nobody_in(company, owner, admin, second_admin):
    _invitation(company, admin)
    kept = _invitation(company, second_admin, email="kept@new.example")
    services.person_deactivate(person=admin, by=owner)
    assert list(Invitation.objects.all()) == [kept]
    assert [event.action for event in _events(company)] == ["withdrew", "deactivated"]


def test_an_invitation_of_the_deactivated_lets_them_not_in_again(company, admin, viewer):
    _invitation(company, admin, email=viewer.email)
    services.person_deactivate(person=viewer, by=admin)
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(("role", "left"), [("admin", ["viewer"]), ("manager", [])])
def test_who_gets_a_lesser_role_keeps_what_they_may_still_send(
    company, owner, second_owner, role, left
):
    _invitation(company, second_owner, Role.OWNER, "o@new.example")
    _invitation(company, second_owner, Role.VIEWER, "v@new.example")
    services.person_change(person=second_owner, by=owner, name="Una", role=role)
    assert [invitation.role for invitation in Invitation.objects.all()] == left


# --- Owners ------------------------------------------------------------------------------


def test_the_last_active_owner_stays(company, owner, second_owner, admin, outsider):
    services.person_deactivate(person=second_owner, by=owner)
    with pytest.raises(LastOwner):
        services.person_change(person=owner, by=owner, name=owner.name, role=Role.ADMIN)
    with pytest.raises(LastOwner):
        services.person_deactivate(person=owner, by=owner)
    owner.refresh_from_db()
    assert owner.is_active
    assert owner.role == "owner"


def test_the_last_owner_can_still_be_renamed(owner):
    assert services.person_change(person=owner, by=owner, name="Odo Adler", role=Role.OWNER)


def test_the_last_admin_may_go_where_there_is_an_owner(owner, admin):
    assert services.person_deactivate(person=admin, by=owner)


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(
            lambda by, owner, viewer: services.person_change(
                person=owner, by=by, name="Odo", role=Role.VIEWER
            ),
            id="demote-an-owner",
        ),
        pytest.param(
            lambda by, owner, viewer: services.person_change(
                person=owner, by=by, name="Odd", role=Role.OWNER
            ),
            id="rename-an-owner",
        ),
        pytest.param(
            lambda by, owner, viewer: services.person_change(
                person=viewer, by=by, name="Vic", role=Role.OWNER
            ),
            id="make-an-owner",
        ),
        pytest.param(
            lambda by, owner, viewer: services.person_deactivate(person=owner, by=by),
            id="deactivate-an-owner",
        ),
        pytest.param(
            lambda by, owner, viewer: services.person_reactivate(person=owner, by=by),
            id="reactivate-an-owner",
        ),
    ],
)
def test_admins_do_nothing_to_owners(company, owner, second_owner, admin, viewer, what):
    with pytest.raises(NotAllowed):
        what(admin, second_owner, viewer)
    second_owner.refresh_from_db()
    assert (second_owner.name, second_owner.role, second_owner.is_active) == (
        "Una Owner",
        "owner",
        True,
    )
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("who", ["manager", "viewer", "outsider"])
def test_who_may_not_manage_people_is_refused_here_too(company, viewer, who, request):
    with pytest.raises(NotAllowed):
        services.person_deactivate(person=viewer, by=request.getfixturevalue(who))


def test_what_somebody_may_is_read_anew(admin, second_admin, viewer):
    # As when the role was taken away while the request was on its way.
    User.objects.filter(pk=admin.pk).update(role=Role.VIEWER)
    with pytest.raises(NotAllowed):
        services.person_deactivate(person=viewer, by=admin)


def test_an_operator_and_the_system_may(operator, owner, second_owner):
    assert services.person_deactivate(person=second_owner, by=operator)
    assert services.person_reactivate(person=second_owner, by=None)


def test_of_two_owners_who_read_the_same_page_one_stays(owner, second_owner):
    # Both objects were read before either change, as two requests at once would.
    services.person_change(person=second_owner, by=owner, name="Una", role=Role.VIEWER)
    with pytest.raises(NotAllowed):
        services.person_change(person=owner, by=second_owner, name="Odo", role=Role.VIEWER)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    "sqlite" in connection.vendor, reason="SQLite lets in one writer at a time anyway"
)
def test_of_two_owners_who_step_down_at_once_one_stays(owner, second_owner):
    barrier = threading.Barrier(2)
    refused = []

    def step_down(person):
        barrier.wait()
        try:
            services.person_change(person=person, by=person, name=person.name, role=Role.VIEWER)
        except LastOwner:
            refused.append(person)
        finally:
            connection.close()

    threads = [threading.Thread(target=step_down, args=(one,)) for one in (owner, second_owner)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert User.objects.filter(role=Role.OWNER, is_active=True).count() == 1


def test_an_operator_is_no_person_of_a_company(operator):
    with pytest.raises(ValueError, match="belongs to no company"):
        services.person_deactivate(person=operator, by=operator)


# --- Of a person alone -------------------------------------------------------------------


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
