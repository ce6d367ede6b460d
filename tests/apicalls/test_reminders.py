"""Mail before a call, or its pair, is answered no longer."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail
from django_tasks_db.models import DBTaskResult

from accounts import services as accounts_services
from apicalls import reminders, services
from apicalls.models import Reminder
from apicalls.reminders import end_notice, remind

LAST_DAY = date(2026, 6, 30)


@pytest.fixture
def run(company):
    """Return a function that runs the job, and then the background worker; gives the subjects."""

    def once():
        mail.outbox.clear()
        remind(company=company)
        for result in DBTaskResult.objects.filter(task_path="apicalls.reminders.end_notice"):
            end_notice.call(*result.args_kwargs["args"])
        DBTaskResult.objects.all().delete()
        return [(message.to[0], message.subject) for message in mail.outbox]

    return once


@pytest.fixture
def expiring(add_call, company):
    return add_call(
        company,
        name="Gate",
        expires_on=LAST_DAY,
        owner_contact="Yard office (yard@northern.example), 555-1234",
    )


@pytest.fixture
def on(time_machine):
    """Return a function that makes it noon in Edmonton, so many days before the last day."""
    return lambda days: time_machine.move_to(
        datetime(2026, 6, 30, 18, tzinfo=UTC) - timedelta(days=days), tick=False
    )


def test_owner_and_admins_are_told_four_times(expiring, admin, viewer, outsider, run, on):
    said = {}
    for days in range(35, -10, -1):
        on(days)
        said[days] = run()
    both = [admin.email, "yard@northern.example"]
    assert {days: [to for to, _subject in mails] for days, mails in said.items() if mails} == {
        30: both,
        7: both,
        1: both,
        0: both,
    }
    assert said[30][0][1] == "The API call “Gate” is answered for 30 more days"
    assert said[1][0][1] == "The API call “Gate” is answered for 1 more day"
    assert said[0][0][1] == "The API call “Gate” is answered for the last time today"


def test_what_is_said_helps_and_holds_no_secret(expiring, admin, run, on):
    on(7)
    run()
    to_admin, to_owner = mail.outbox
    assert "is 30 June 2026" in to_admin.body
    assert f"https://workhub.example/account/api/{expiring.api_call.code}/" in to_admin.body
    assert "Northern Build" in to_owner.body
    assert "/account/" not in to_owner.body
    for message in mail.outbox:
        assert expiring.client_secret not in message.body


@pytest.mark.parametrize(
    ("days", "subject"),
    [
        (5, "answered for 5 more days"),
        (0, "for the last time today"),
        (-3, "is answered no longer"),
    ],
)
def test_a_late_run_tells_once_how_it_is_now(expiring, admin, run, on, days, subject):
    on(days)
    assert all(subject in one for _to, one in run())
    assert run() == []
    assert mail.outbox == []


def test_what_is_long_over_is_no_news(expiring, admin, run, on):
    on(-8)
    assert run() == []


def test_a_later_day_is_told_of_anew(expiring, admin, run, on, change):
    on(7)
    assert run()
    change(expiring.api_call, expires_on=LAST_DAY + timedelta(days=60))
    assert run() == []
    on(-53)
    assert run()


@pytest.mark.parametrize("what", ["pause", "archive"])
def test_of_what_is_not_answered_anyway_nobody_is_told(expiring, admin, run, on, what):
    services.api_call_state_change(api_call=expiring.api_call, change=what, by=None)
    on(1)
    assert run() == []


def test_the_age_of_a_pair_is_an_end_too(add_call, company, admin, run, time_machine):
    time_machine.move_to("2026-03-02T18:00:00Z", tick=False)
    call = add_call(company, name="HR")
    accounts_services.company_change(company=company, by=None, max_key_age_days=90)
    company.refresh_from_db()
    # Noon of 31 May in Edmonton is the moment; it is answered on that day.
    time_machine.move_to("2026-05-24T18:00:00Z", tick=False)
    [(_to, subject)] = run()
    assert subject == "The API call “HR” is answered for 7 more days"
    assert "are as old as your company allows after 31 May 2026" in mail.outbox[0].body
    services.regenerate_credentials(api_call=call.api_call, replaces=call.client_key, by=None)
    time_machine.move_to("2026-05-31T18:00:00Z", tick=False)
    assert run() == []


def test_two_who_run_at_once_tell_once(expiring, admin, run, on, company, monkeypatch):
    on(7)
    noted = reminders._noted

    def somebody_else_first(*arguments):
        monkeypatch.undo()
        noted(*arguments)
        return noted(*arguments)

    monkeypatch.setattr(reminders, "_noted", somebody_else_first)
    assert run() == []
    assert Reminder.objects.count() == 2


def test_an_owner_who_is_no_address_gets_no_mail(add_call, company, admin, run, on):
    add_call(company, expires_on=LAST_DAY, owner_contact="Ada, 555-1234, @home, a@b")
    on(1)
    assert [to for to, _subject in run()] == [admin.email]
