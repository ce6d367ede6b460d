"""Links that hand a pair over once, to somebody without a login."""

import base64
import json
import re
import threading
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client

from accounts.models import AuditEvent
from apicalls import services
from apicalls.models import HandOver
from apicalls.selectors import credential_current


@pytest.fixture
def path(call):
    return f"/account/api/{call.api_call.code}/hand-over/"


@pytest.fixture
def make(client_of, admin, path):
    """Return a function that makes a link by the page, and gives its path."""

    def press():
        page = client_of(admin).post(path).content.decode()
        link = re.search(r'<code id="hand-over-link"[^>]*>([^<]+)<', page)[1]
        assert link.startswith("https://workhub.example/hand-over/")
        return link.removeprefix("https://workhub.example")

    return press


@pytest.fixture
def stranger():
    """Somebody without a login."""
    return Client()


def text_of(response):
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def test_a_link_shows_everything_once_and_after_a_press(make, stranger, call, ask, worker):
    link = make()
    for _look in range(3):  # of a program that previews links
        closed = stranger.get(link)
        assert closed.status_code == 200
        for secret in (call.client_secret, call.client_key, call.api_call.name):
            assert secret not in closed.content.decode()
    assert stranger.head(link).status_code == 200
    opened = stranger.post(link)
    assert opened.status_code == 200
    text = text_of(opened)
    assert f"Client Key {call.client_key}" in text
    assert f"Client Secret {call.client_secret}" in text
    assert f"amx {call.client_key}:{call.client_secret}" in text
    assert "/api/v1/worker-compliance?workerIDNumber={workerIDNumber}" in text
    assert "curl --fail-with-body -H 'Authorization: amx" in text
    for response in (closed, opened):
        assert response["Cache-Control"] == "no-store"
        assert response["Referrer-Policy"] == "same-origin"
    for method in ("get", "post"):
        gone = getattr(stranger, method)(link)
        assert gone.status_code == 410
        assert call.client_secret not in gone.content.decode()
    assert ask(call).status_code == 200


def test_the_files_behind_a_link_are_those_of_the_kit(make, stranger, call):
    page = unescape(stranger.post(make()).content.decode())
    found = re.findall(r'href="data:application/json;base64,([^"]+)" download="([^"]+)"', page)
    files = {name: json.loads(base64.b64decode(data)) for data, name in found}
    assert set(files) == {
        "worker-compliance.postman_collection.json",
        "worker-compliance.postman_environment.json",
    }
    collection = files["worker-compliance.postman_collection.json"]
    assert call.client_secret not in json.dumps(collection)
    values = files["worker-compliance.postman_environment.json"]["values"]
    assert {one["key"]: one["value"] for one in values}["clientSecret"] == call.client_secret


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("token", ["x", "A" * 43, "\0", "é" * 20, "x" * 5000])
def test_a_link_that_never_was_reads_like_one_that_is_gone(stranger, db, make, method, token):
    link = make()
    stranger.post(link)
    nowhere = getattr(stranger, method)(f"/hand-over/{token}/")
    assert nowhere.status_code == 410
    gone = getattr(stranger, method)(link)
    assert text_of(nowhere) == text_of(gone)


@pytest.mark.parametrize("what", ["time", "withdrawn", "regenerated", "planned"])
def test_a_link_dies(make, stranger, client_of, admin, call, path, time_machine, what):
    time_machine.move_to("2026-03-02T18:00:00Z", tick=False)
    link = make()
    if what == "time":
        time_machine.move_to("2026-03-05T17:59:59Z", tick=False)
        assert stranger.get(link).status_code == 200
        time_machine.move_to("2026-03-05T18:00:00Z", tick=False)
    elif what == "withdrawn":
        code = HandOver.objects.get().code
        client_of(admin).post(f"{path}{code}/withdraw/")
    else:
        services.regenerate_credentials(
            api_call=call.api_call,
            replaces=call.client_key,
            by=admin,
            overlap=timedelta(hours=1 if what == "planned" else 0),
        )
    assert stranger.get(link).status_code == stranger.post(link).status_code == 410
    assert HandOver.objects.get().opened_at is None


def test_withdrawing_what_was_opened_changes_nothing(make, stranger, client_of, admin, path):
    stranger.post(make())
    code = HandOver.objects.get().code
    response = client_of(admin).post(f"{path}{code}/withdraw/", follow=True)
    assert "could not be opened any more" in text_of(response)
    assert HandOver.objects.get().withdrawn_at is None


def test_a_link_of_another_call_is_not_withdrawn(make, client_of, admin, xml_call, path, call):
    make()
    code = HandOver.objects.get().code
    elsewhere = path.replace(str(call.api_call.code), str(xml_call.api_call.code))
    client_of(admin).post(f"{elsewhere}{code}/withdraw/")
    assert HandOver.objects.get().withdrawn_at is None


def test_the_list_says_what_became_of_each(make, stranger, client_of, admin, path):
    opened, withdrawn, _left = make(), make(), make()
    stranger.post(opened)
    code = HandOver.objects.order_by("pk")[1].code
    client_of(admin).post(f"{path}{code}/withdraw/")
    assert withdrawn
    text = text_of(client_of(admin).get(path))
    for state in ("Opened", "Withdrawn", "Open until"):
        assert state in text
    assert "127.0.0.1" in text


def test_it_is_in_the_activity_and_kept_nowhere_in_the_clear(make, stranger, call, company):
    link = make()
    stranger.post(link)
    trail = list(AuditEvent.objects.order_by("id").values_list("actor_name", "action", "address"))
    assert trail[-2:] == [
        ("Ada Admin", "made a hand-over link for", "127.0.0.1"),
        ("Somebody with the link", "opened the hand-over link of", "127.0.0.1"),
    ]
    token = link.split("/")[2]
    kept = HandOver.objects.values().get()
    assert token not in str(kept)
    assert token not in str(list(AuditEvent.objects.values()))


def test_opening_needs_the_token_of_the_page(make, call):
    link = make()
    careful = Client(enforce_csrf_checks=True)
    assert careful.post(link).status_code == 403
    page = careful.get(link).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    assert careful.post(link, {"csrfmiddlewaretoken": token}).status_code == 200


def test_of_many_who_open_at_once_one_does(real_database, call):
    credential = credential_current(api_call=call.api_call)
    _link, token = services.hand_over_add(credential=credential, by=None)
    outcomes = []

    def open_it():
        try:
            outcomes.append(services.hand_over_open(token=token)[1].reveal())
        except services.LinkIsGone:
            outcomes.append("gone")
        finally:
            connection.close()

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == sorted([call.client_secret, "gone", "gone", "gone"])


def test_a_secret_that_cannot_be_read_is_handed_over_to_nobody(
    make, stranger, client_of, admin, path, settings
):
    link = make()
    settings.CREDENTIAL_KEYS = {2: b"C" * 32}
    assert stranger.post(link).status_code == 410
    assert HandOver.objects.get().opened_at is None
    page = client_of(admin).post(path, follow=True)
    assert "The Client Secret cannot be shown" in text_of(page)
    assert HandOver.objects.count() == 1
