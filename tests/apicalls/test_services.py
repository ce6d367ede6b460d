import base64
import logging
import threading
import uuid
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client

from accounts import services as people
from accounts.addresses import acting_from
from accounts.models import AuditEvent
from apicalls import request_log, services
from apicalls.credentials import Authorization, ClientSecret, SecretUnreadable
from apicalls.models import APICall, Credential
from apicalls.selectors import credential_current

# --- Adding ----------------------------------------------------------------------------


def test_a_call_is_added_with_a_pair_of_its_own(company, template, admin):
    with acting_from("203.0.113.9"):
        api_call = services.api_call_add(company=company, template=template, by=admin)
    assert (api_call.company, api_call.template, api_call.name) == (
        company,
        template,
        "Worker compliance",
    )
    assert (api_call.output_format, api_call.state, api_call.expires_on) == ("json", "active", None)
    assert not api_call.is_ready()
    credential = api_call.credentials.get()
    assert (credential.ends_at, credential.last_used_at, credential.created_by) == (
        None,
        None,
        admin,
    )
    event = AuditEvent.objects.get()
    assert (event.company, event.actor, event.action, event.subject_id, event.address) == (
        company,
        admin,
        "added",
        str(api_call.code),
        "203.0.113.9",
    )


def test_calls_from_one_template_get_names_and_pairs_that_differ(company, template):
    calls = [services.api_call_add(company=company, template=template, by=None) for _ in range(3)]
    assert [call.name for call in calls] == [
        "Worker compliance",
        "Worker compliance 2",
        "Worker compliance 3",
    ]
    assert Credential.objects.values("client_key").distinct().count() == 3


def test_the_same_form_sent_twice_adds_one_call(company, template, admin):
    code = uuid.uuid4()
    first = services.api_call_add(company=company, template=template, by=admin, code=code)
    again = services.api_call_add(company=company, template=template, by=admin, code=code)
    assert first == again
    assert first.code == code
    assert APICall.objects.count() == Credential.objects.count() == 1
    assert AuditEvent.objects.count() == 1


def test_a_code_that_another_company_has_adds_a_call_with_another(company, other_company, template):
    theirs = services.api_call_add(company=other_company, template=template, by=None)
    ours = services.api_call_add(company=company, template=template, by=None, code=theirs.code)
    assert ours != theirs
    assert ours.company == company
    assert ours.code != theirs.code
    theirs.refresh_from_db()
    assert theirs.company == other_company
    assert theirs.credentials.count() == ours.credentials.count() == 1


def test_a_name_taken_by_another_company_is_free(company, other_company, template):
    services.api_call_add(company=other_company, template=template, by=None)
    ours = services.api_call_add(company=company, template=template, by=None)
    assert ours.name == "Worker compliance"


# --- Changing --------------------------------------------------------------------------


def test_a_change_is_saved_and_told_with_before_and_after(call, change, admin):
    assert change(
        call.api_call,
        by=admin,
        lookups=["full_name"],
        name="Gate 7",
        output_format="xml",
        expires_on=date(2026, 12, 31),
    )
    stored = APICall.objects.get()
    assert (stored.name, stored.output_format, stored.expires_on) == (
        "Gate 7",
        "xml",
        date(2026, 12, 31),
    )
    assert [one.lookup for one in stored.parameter_sets.all()] == ["full_name"]
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.actor) == ("changed", admin)
    assert event.changes == {
        "name": ["Gate", "Gate 7"],
        "Output Format": ["json", "xml"],
        "expires on": ["", "2026-12-31"],
        "Parameters": ["WorkerIDNumber", "FirstName&MiddleName&LastName"],
    }


def test_saving_what_is_there_is_no_change_and_leaves_no_line(call, change, admin):
    before = AuditEvent.objects.count()
    assert change(call.api_call, by=admin) is False
    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize(
    "theirs",
    [
        pytest.param({"name": "Theirs"}, id="name"),
        pytest.param({"description": "Theirs"}, id="description"),
        pytest.param({"owner_contact": "Theirs"}, id="owner-contact"),
        pytest.param({"output_format": "xml"}, id="output-format"),
        pytest.param({"expires_on": date(2026, 1, 1)}, id="expires-on"),
        pytest.param({"lookups": ["id_number", "full_name"]}, id="parameters"),
        pytest.param({"lookups": []}, id="no-parameters"),
    ],
)
def test_a_change_over_somebody_else_s_is_refused(call, change, theirs):
    seen = services.settings_digest(call.api_call)
    change(call.api_call, **theirs)
    before = AuditEvent.objects.count()
    fields = ("description", "owner_contact", "output_format", "expires_on")
    with pytest.raises(services.ChangedMeanwhile):
        services.api_call_change(
            api_call=call.api_call,
            values={name: getattr(call.api_call, name) for name in fields}
            | {"name": "Mine", "parameter_sets": []},
            seen=seen,
            by=None,
        )
    assert APICall.objects.get().name != "Mine"
    assert AuditEvent.objects.count() == before


def test_the_digest_tells_where_one_setting_ends(company, template):
    one = APICall(company=company, template=template, name="a", description="bc")
    other = APICall(company=company, template=template, name="ab", description="c")
    one.save()
    other.save()
    assert services.settings_digest(one) != services.settings_digest(other)


def test_a_change_leaves_the_pair_and_the_state_alone(call, change, pair_of):
    services.api_call_state_change(api_call=call.api_call, change="pause", by=None)
    change(call.api_call, name="Other")
    assert pair_of(call.api_call).client_secret == call.client_secret
    assert APICall.objects.get().state == "paused"


# --- State -----------------------------------------------------------------------------

STATES = ("active", "paused", "archived")
TRANSITIONS = {
    ("pause", "active"): "paused",
    ("resume", "paused"): "active",
    ("archive", "active"): "archived",
    ("archive", "paused"): "archived",
    ("restore", "archived"): "paused",
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(
    ("change_of_state", "action"),
    [
        ("pause", "paused"),
        ("resume", "resumed"),
        ("archive", "archived"),
        ("restore", "restored"),
    ],
)
def test_each_change_of_state_is_allowed_or_refused(call, admin, state, change_of_state, action):
    APICall.objects.update(state=state)
    lines = AuditEvent.objects.count()
    changed = services.api_call_state_change(
        api_call=call.api_call, change=change_of_state, by=admin
    )
    allowed = (change_of_state, state) in TRANSITIONS
    assert changed is allowed
    assert APICall.objects.get().state == TRANSITIONS.get((change_of_state, state), state)
    assert AuditEvent.objects.count() == lines + allowed
    if allowed:
        event = AuditEvent.objects.latest("id")
        assert (event.action, event.actor) == (action, admin)


def test_a_change_of_state_that_does_not_exist_is_a_mistake(call):
    with pytest.raises(KeyError):
        services.api_call_state_change(api_call=call.api_call, change="delete", by=None)


# --- Duplicating -----------------------------------------------------------------------


def test_a_duplicate_has_the_same_settings_and_another_pair(ask, call, change, pair_of, worker):
    change(
        call.api_call,
        description="Turnstile",
        output_format="xml",
        expires_on=date(2099, 1, 1),
        lookups=["full_name", "id_number"],
    )
    services.api_call_state_change(api_call=call.api_call, change="pause", by=None)
    call.api_call.refresh_from_db()
    twin = services.api_call_duplicate(api_call=call.api_call, by=None)
    assert (twin.name, twin.description, twin.output_format, twin.expires_on, twin.state) == (
        "Gate 2",
        "Turnstile",
        "xml",
        date(2099, 1, 1),
        "active",
    )
    assert [one.lookup for one in twin.parameter_sets.all()] == ["id_number", "full_name"]
    pair = pair_of(twin)
    assert pair.client_key != call.client_key
    assert pair.client_secret != call.client_secret
    assert ask(replace(pair, client_secret=call.client_secret)).status_code == 401
    query = "workerIDNumber=10482&firstName=Dana&middleName=&lastName=Okafor"
    assert ask(pair, query).status_code == 200
    assert AuditEvent.objects.get(action="added", subject_id=str(twin.code)).changes == {
        "copy of": ["", "Gate"]
    }


def test_a_duplicate_sent_twice_is_one_call(call):
    code = uuid.uuid4()
    twins = [
        services.api_call_duplicate(api_call=call.api_call, by=None, code=code) for _ in range(2)
    ]
    assert twins[0] == twins[1]
    assert APICall.objects.count() == 2


def test_a_duplicate_with_the_code_of_another_company_s_call_gets_another(
    call, other_company, template
):
    theirs = services.api_call_add(company=other_company, template=template, by=None)
    twin = services.api_call_duplicate(api_call=call.api_call, by=None, code=theirs.code)
    assert twin.code != theirs.code
    assert twin.company == call.api_call.company


def test_a_name_as_long_as_can_be_is_numbered_within_its_length(call, change):
    change(call.api_call, name="x" * 100)
    call.api_call.refresh_from_db()
    twins = [services.api_call_duplicate(api_call=call.api_call, by=None) for _ in range(3)]
    names = [twin.name for twin in twins]
    assert names == ["x" * 90 + " 2", "x" * 90 + " 3", "x" * 90 + " 4"]
    for twin in twins:
        twin.full_clean()


# --- Credentials -----------------------------------------------------------------------


def test_regenerating_ends_the_old_pair_with_the_next_request(ask, call, worker, pair_of, admin):
    assert ask(call).status_code == 200
    new = services.regenerate_credentials(
        api_call=call.api_call, replaces=call.client_key, by=admin
    )
    pair = pair_of(call.api_call)
    assert pair.client_key == new.client_key != call.client_key
    assert pair.client_secret != call.client_secret
    assert ask(call).status_code == 401
    assert ask(pair).status_code == 200
    assert ask(replace(pair, client_secret=call.client_secret)).status_code == 401
    assert ask(replace(call, client_secret=pair.client_secret)).status_code == 401
    event = AuditEvent.objects.get(action="regenerated the credentials of")
    assert event.changes == {"Client Key": [call.client_key, new.client_key]}
    assert event.actor == admin


def test_the_same_form_sent_twice_makes_one_new_pair(call):
    def regenerate():
        return services.regenerate_credentials(
            api_call=call.api_call, replaces=call.client_key, by=None
        )

    first = regenerate()
    with pytest.raises(services.AlreadyRegenerated):
        regenerate()
    assert credential_current(api_call=call.api_call) == first
    assert Credential.objects.count() == 2


@pytest.mark.parametrize("replaces", ["", "00000000000000", "x" * 500])
def test_a_key_that_is_not_the_current_one_replaces_nothing(call, replaces):
    with pytest.raises(services.AlreadyRegenerated):
        services.regenerate_credentials(api_call=call.api_call, replaces=replaces, by=None)
    assert Credential.objects.filter(ends_at=None).get().client_key == call.client_key


def test_the_key_of_another_call_replaces_nothing(call, xml_call):
    with pytest.raises(services.AlreadyRegenerated):
        services.regenerate_credentials(
            api_call=call.api_call, replaces=xml_call.client_key, by=None
        )
    assert Credential.objects.filter(ends_at=None).count() == 2


def test_the_database_keeps_two_current_pairs_out(call):
    twin = Credential.objects.get()
    twin.pk, twin.client_key = None, "00000000000000"
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save()


def test_a_slow_request_of_the_old_pair_does_not_bring_it_back(ask, call, worker, monkeypatch):
    """The old pair is read, regenerated meanwhile, and its request ends afterwards."""
    log = request_log.request_log_add

    def regenerated_meanwhile(**values):
        services.regenerate_credentials(api_call=call.api_call, replaces=call.client_key, by=None)
        log(**values)

    with monkeypatch.context() as patch:
        patch.setattr(request_log, "request_log_add", regenerated_meanwhile)
        assert ask(call).status_code == 200
    old = Credential.objects.get(client_key=call.client_key)
    assert old.ends_at is not None
    assert ask(call).status_code == 401


def test_a_secret_that_is_revealed_is_a_line_in_the_trail(call, admin):
    lines = AuditEvent.objects.count()
    with acting_from("203.0.113.9"):
        secret = services.client_secret_reveal(
            credential=credential_current(api_call=call.api_call),
            action="showed the secret of",
            by=admin,
        )
    assert secret.reveal() == call.client_secret
    assert AuditEvent.objects.count() == lines + 1
    event = AuditEvent.objects.latest("id")
    assert (event.actor, event.action, event.subject_name, event.address, event.changes) == (
        admin,
        "showed the secret of",
        "Gate",
        "203.0.113.9",
        {},
    )


def test_a_secret_that_cannot_be_opened_is_no_line_in_the_trail(call, settings):
    settings.CREDENTIAL_KEYS = {2: bytes(32)}
    lines = AuditEvent.objects.count()
    with pytest.raises(SecretUnreadable):
        services.client_secret_reveal(
            credential=credential_current(api_call=call.api_call), action="x", by=None
        )
    assert AuditEvent.objects.count() == lines


@pytest.mark.parametrize("column", ["api_call", "client_key"])
def test_a_ciphertext_copied_to_another_row_does_not_open(call, xml_call, column):
    theirs = Credential.objects.get(client_key=xml_call.client_key)
    ours = Credential.objects.get(client_key=call.client_key)
    setattr(theirs, column, getattr(ours, column))
    with pytest.raises(SecretUnreadable):
        services.client_secret_reveal(credential=theirs, action="x", by=None)


def test_a_ciphertext_of_another_company_does_not_open(call, other_company):
    credential = credential_current(api_call=call.api_call)
    APICall.objects.update(company=other_company)
    with pytest.raises(SecretUnreadable):
        services.client_secret_reveal(
            credential=Credential.objects.select_related("api_call").get(pk=credential.pk),
            action="x",
            by=None,
        )


def test_a_new_pepper_and_key_leave_the_old_pairs_working(ask, call, worker, settings, pair_of):
    settings.CREDENTIAL_PEPPERS = settings.CREDENTIAL_PEPPERS | {2: b"2" * 32}
    settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS | {7: b"7" * 32}
    assert ask(call).status_code == 200
    assert pair_of(call.api_call).client_secret == call.client_secret
    new = services.regenerate_credentials(api_call=call.api_call, replaces=call.client_key, by=None)
    assert (new.pepper_number, new.key_number) == (2, 7)
    assert ask(pair_of(call.api_call)).status_code == 200


# --- Where the plain secret is not -----------------------------------------------------


def _all_that_is_stored():
    """Yield every value of every column of every table, and what the sessions say."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                yield from row
    for session in Session.objects.all():
        yield repr(session.get_decoded())


def test_the_plain_secret_is_stored_nowhere(
    client_of, admin, call, worker, ask, pair_of, caplog, program
):
    client = client_of(admin)
    code = call.api_call.code
    with caplog.at_level(logging.DEBUG):
        shown = client.post(f"/account/api/{code}/secret/show/")
        assert call.client_secret in shown.content.decode()
        client.post(f"/account/api/{code}/secret/copy/", {"what": "header"})
        client.post(f"/account/api/{code}/regenerate/", {"replaces": call.client_key})
        new = pair_of(call.api_call)
        client.get(f"/account/api/{code}/")
        client.post(f"/account/api/{code}/duplicate/", {"code": str(uuid.uuid4())})
        for pair in (call, new):
            ask(pair)
            ask(pair, "workerIDNumber=%zz")
            program.post("/api/v1/worker-compliance", headers={"authorization": pair.header})
        ask(None, authorization=new.header + ":x")
    secrets = [call.client_secret, new.client_secret]
    needles = [
        form
        for secret in secrets
        for plain in (secret, secret.lower())
        for form in (
            plain,
            base64.b64encode(plain.encode()).decode().rstrip("=")[:-1],
            plain.encode().hex(),
        )
    ]
    stored = list(_all_that_is_stored())
    assert any(call.client_key in str(value) for value in stored)
    assert any("showed the secret of" in str(value) for value in stored)
    for value in stored:
        as_bytes = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
        for needle in needles:
            assert needle.encode() not in as_bytes
    logged = caplog.text + "".join(repr(record.__dict__) for record in caplog.records)
    for needle in needles:
        assert needle not in logged


def test_no_statement_carries_the_plain_secret(client_of, admin, call, worker, ask, pair_of):
    from django.test.utils import CaptureQueriesContext

    client = client_of(admin)
    with CaptureQueriesContext(connection) as captured:
        client.post(f"/account/api/{call.api_call.code}/secret/show/")
        client.post(f"/account/api/{call.api_call.code}/regenerate/", {"replaces": call.client_key})
        new = pair_of(call.api_call)
        ask(new)
    statements = "\n".join(query["sql"] for query in captured)
    assert new.client_key in statements
    assert call.client_secret not in statements
    assert new.client_secret not in statements


# --- Two at once -----------------------------------------------------------------------


def _at_once(number, work):
    """Run `work` in so many threads that start together; return results and exceptions."""
    barrier = threading.Barrier(number)
    outcomes = []

    def run():
        try:
            barrier.wait(timeout=20)
            outcomes.append(work())
        except Exception as error:
            outcomes.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(outcomes) == number
    return outcomes


def test_of_several_who_regenerate_at_once_exactly_one_wins(
    real_database, company, add_call, pair_of
):
    call = add_call(company)
    outcomes = _at_once(
        4,
        lambda: services.regenerate_credentials(
            api_call=call.api_call, replaces=call.client_key, by=None
        ),
    )
    won = [outcome for outcome in outcomes if isinstance(outcome, Credential)]
    lost = [outcome for outcome in outcomes if isinstance(outcome, services.AlreadyRegenerated)]
    assert (len(won), len(lost)) == (1, 3), outcomes
    # What the winner is shown works, and is what everybody is shown from then on.
    pair = pair_of(call.api_call)
    assert pair.client_key == won[0].client_key
    assert services.vault().matches(
        Authorization(pair.client_key, ClientSecret(pair.client_secret)),
        digest=bytes(won[0].secret_digest),
        pepper_number=won[0].pepper_number,
    )
    assert Credential.objects.count() == 2


def test_of_the_same_form_sent_at_once_one_call_is_made(real_database, company, template):
    code = uuid.uuid4()
    outcomes = _at_once(
        4,
        lambda: services.api_call_add(company=company, template=template, by=None, code=code).pk,
    )
    assert len(set(outcomes)) == 1, outcomes
    assert APICall.objects.get().credentials.count() == 1
    assert AuditEvent.objects.filter(action="added").count() == 1


def test_the_calls_of_somebody_who_left_go_on_and_keep_the_name(
    company, admin, template, change, pair_of, ask, worker, client_of, viewer
):
    call = pair_of(services.api_call_add(company=company, template=template, by=admin))
    change(call.api_call, lookups=("id_number",), by=admin)
    assert ask(call).status_code == 200
    people.person_deactivate(person=admin, by=None)
    answer = ask(call)
    assert answer.status_code == 200
    assert answer.json()["worker"]["workerIDNumber"] == "10482"
    assert call.api_call.credentials.get().created_by == admin
    mine = AuditEvent.objects.filter(actor=admin)
    assert {event.actor_name for event in mine} == {"Ada Admin"}
    assert [event.action for event in mine.order_by("id")] == ["added", "changed"]
    page = client_of(viewer).get(f"/account/api/{call.api_call.code}/").content.decode()
    assert "<strong>Ada Admin</strong>" in page


def test_of_two_changes_at_once_one_is_told(real_database, company, add_call):
    call = add_call(company)
    seen = services.settings_digest(call.api_call)
    values = {
        "description": "",
        "owner_contact": "",
        "output_format": "json",
        "field_groups": call.api_call.field_groups,
        "scope": {},
        "rate_limit": 600,
        "allowed_networks": [],
        "expires_on": None,
        "parameter_sets": list(call.api_call.parameter_sets.all()),
    }
    names = iter(["One", "Other"])
    lock = threading.Lock()

    def change():
        with lock:
            name = next(names)
        return services.api_call_change(
            api_call=call.api_call, values=values | {"name": name}, seen=seen, by=None
        )

    outcomes = _at_once(2, change)
    assert sorted(map(str, map(type, outcomes))) == sorted(
        map(str, [bool, services.ChangedMeanwhile])
    ), outcomes


def test_pausing_at_once_is_one_line_in_the_trail(real_database, company, add_call):
    call = add_call(company)
    outcomes = _at_once(
        4,
        lambda: services.api_call_state_change(api_call=call.api_call, change="pause", by=None),
    )
    assert sorted(outcomes, key=str) == [False, False, False, True]
    assert AuditEvent.objects.filter(action="paused").count() == 1


def test_requests_at_once_are_all_answered_and_logged(real_database, company, add_call, worker_of):
    worker_of(company)
    call = add_call(company)

    def ask():
        return (
            Client()
            .get(
                "/api/v1/worker-compliance?workerIDNumber=10482",
                headers={"authorization": call.header},
            )
            .status_code
        )

    assert _at_once(8, ask) == [200] * 8
    assert apps.get_model("apicalls.RequestLog").objects.count() == 8


# --- Overlap -----------------------------------------------------------------------------


def test_an_old_pair_is_answered_as_long_as_was_said_and_says_so(
    ask, call, pair_of, worker, admin, time_machine
):
    time_machine.move_to("2026-03-02T18:00:00Z", tick=False)
    services.regenerate_credentials(
        api_call=call.api_call, replaces=call.client_key, by=admin, overlap=timedelta(hours=24)
    )
    new = pair_of(call.api_call)
    time_machine.move_to("2026-03-03T17:59:59Z", tick=False)
    old = ask(call)
    assert old.status_code == 200
    assert old["Deprecation"] == "@1772474400"  # 2 March, 18:00 UTC
    assert old["Sunset"] == "Tue, 03 Mar 2026 18:00:00 GMT"
    assert "Deprecation" not in ask(new)
    refused = ask(call, "workerIDNumber=nobody")
    assert (refused.status_code, refused["Sunset"]) == (404, old["Sunset"])
    assert ask(call, "", path="/api/v1/verify").json()["credential"]["endsAt"] == (
        "2026-03-03T18:00:00Z"
    )
    time_machine.move_to("2026-03-03T18:00:00Z", tick=False)
    ended = ask(call)
    assert ended.status_code == 401
    assert "Sunset" not in ended
    event = AuditEvent.objects.filter(action="regenerated the credentials of").get()
    assert event.changes == {
        "Client Key": [call.client_key, new.client_key],
        "Old one ends": ["", "2026-03-03T18:00+00:00"],
    }


def test_what_was_stopped_has_ended_for_a_clock_that_is_behind_too(ask, call, worker, time_machine):
    time_machine.move_to("2026-03-02T18:00:00Z", tick=False)
    services.regenerate_credentials(api_call=call.api_call, replaces=call.client_key, by=None)
    time_machine.move_to("2026-03-02T17:59:00Z", tick=False)
    assert ask(call).status_code == 401


def test_at_most_two_pairs_are_answered(ask, call, pair_of, worker):
    def regenerate(pair, **more):
        services.regenerate_credentials(
            api_call=call.api_call,
            replaces=pair.client_key,
            by=None,
            overlap=timedelta(days=7),
            **more,
        )
        return pair_of(call.api_call)

    second = regenerate(call)
    with pytest.raises(services.OverlapRuns):
        regenerate(second)
    assert [ask(pair).status_code for pair in (call, second)] == [200, 200]
    assert Credential.objects.count() == 2
    third = regenerate(second, stops_older=True)
    assert [ask(pair).status_code for pair in (call, second, third)] == [401, 200, 200]
    # Stopping one at once leaves an older one no longer answered either.
    services.regenerate_credentials(
        api_call=call.api_call, replaces=third.client_key, by=None, stops_older=True
    )
    assert [ask(pair).status_code for pair in (call, second, third)] == [401, 401, 401]


def test_who_is_refused_a_second_change_has_changed_nothing(call, pair_of):
    services.regenerate_credentials(
        api_call=call.api_call, replaces=call.client_key, by=None, overlap=timedelta(hours=1)
    )
    trail = AuditEvent.objects.count()
    current = pair_of(call.api_call).client_key
    with pytest.raises(services.OverlapRuns):
        services.regenerate_credentials(api_call=call.api_call, replaces=current, by=None)
    assert Credential.objects.get(ends_at=None).client_key == current
    assert AuditEvent.objects.count() == trail + 1  # the test looked at the secret
