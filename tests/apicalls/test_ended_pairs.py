"""A restored backup brings no pair back that had ended: here, by taking its end out again."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.models import AuditEvent
from apicalls import ended_pairs, services
from apicalls.models import Credential
from apicalls.selectors import credential_current

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def file(settings, tmp_path):
    settings.ENDED_PAIRS = str(tmp_path / "beside" / "ended-pairs")
    return tmp_path / "beside" / "ended-pairs"


@pytest.fixture
def backup():
    """Return a function that puts the pairs back as they are now."""

    def taken():
        rows = list(Credential.objects.values())

        def restore():
            Credential.objects.all().delete()
            Credential.objects.bulk_create(Credential(**row) for row in rows)

        return restore

    return taken


def test_a_regenerated_pair_stays_ended(file, backup, ask, call, worker, admin, pair_of):
    restore = backup()
    services.regenerate_credentials(api_call=call.api_call, replaces=call.client_key, by=admin)
    lost = pair_of(call.api_call)
    restore()
    assert ask(call).status_code == 200  # it would be answered
    assert ended_pairs.end_revived() == 1
    assert ask(call).json()["code"] == "invalid_credentials"
    assert ask(lost).json()["code"] == "invalid_credentials"
    assert ask(pair_of(call.api_call)).status_code == 200
    assert AuditEvent.objects.filter(action="regenerated the credentials of").count() == 2
    for task in DBTaskResult.objects.filter(task_path__endswith="revived_notice"):
        ended_pairs.revived_notice.call(*task.args_kwargs["args"])
    [told] = [one for one in mail.outbox if "Client Secret needed" in one.subject]
    assert told.to == [admin.email]
    assert call.client_key not in told.body + told.subject
    assert ended_pairs.end_revived() == 0


def test_an_overlap_ends_when_it_was_to_end(file, backup, ask, call, worker, admin, time_machine):
    time_machine.move_to("2026-03-02T12:00:00Z", tick=False)
    services.regenerate_credentials(
        api_call=call.api_call,
        replaces=call.client_key,
        by=admin,
        overlap=timedelta(hours=24),
    )
    restore = backup()
    services.credential_stop(api_call=call.api_call, client_key=call.client_key, by=admin)
    restore()
    assert ask(call).status_code == 200
    assert ended_pairs.end_revived() == 1
    assert ask(call).status_code == 401
    current = credential_current(api_call=call.api_call)
    assert Credential.objects.get(client_key=call.client_key).ends_at <= timezone.now()
    assert current.client_key != call.client_key


def test_what_did_not_happen_is_not_noted(file, call, admin):
    with pytest.raises(services.AlreadyRegenerated):
        services.regenerate_credentials(api_call=call.api_call, replaces="0" * 14, by=admin)
    assert not file.exists()
    assert ended_pairs.end_revived() == 0


def test_the_file_shows_no_client_key_and_is_for_its_owner_only(file, call, admin):
    services.regenerate_credentials(api_call=call.api_call, replaces=call.client_key, by=admin)
    assert call.client_key not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_half_a_line_of_a_crash_spoils_no_other(file, backup, ask, call, worker, admin):
    restore = backup()
    services.regenerate_credentials(api_call=call.api_call, replaces=call.client_key, by=admin)
    whole = file.read_text()
    file.write_text(f'{{"pair": "ab\n[]\n{{}}\n{whole}{whole[:40]}')
    restore()
    assert ended_pairs.end_revived() == 1


def test_what_could_not_be_noted_is_noted_by_the_clock(file, backup, call, admin, caplog):
    file.parent.write_text("in the way")
    restore = backup()
    services.regenerate_credentials(api_call=call.api_call, replaces=call.client_key, by=admin)
    assert "Not noted in ENDED_PAIRS" in caplog.text
    file.parent.unlink()
    assert ended_pairs.note_missing() == 1
    assert ended_pairs.note_missing() == 0
    restore()
    assert ended_pairs.end_revived() == 1


def test_without_a_file_nothing_is_noted(settings, call, admin):
    services.regenerate_credentials(api_call=call.api_call, replaces=call.client_key, by=admin)
    assert (ended_pairs.note_missing(), ended_pairs.end_revived()) == (0, 0)
