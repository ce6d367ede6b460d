import re
import shlex
from io import StringIO
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import AuditEvent, Company, User
from apicalls import demo, services
from apicalls.models import (
    APICall,
    Caller,
    RefusedRequests,
    RequestCount,
    RequestLog,
    ServedVersion,
)
from apicalls.usage.counts import count_up
from workers import derivation
from workers.models import Worker


@pytest.fixture
def without_workers(monkeypatch):
    """For speed, where the 300 workers do not matter."""
    monkeypatch.setattr(demo, "workers_load", lambda **_kwargs: SimpleNamespace(workers=150))


@pytest.fixture
def loaded(db):
    return demo.demo_load(password="a long enough password")


def test_the_demo_has_two_companies_with_people_workers_and_a_call_that_works(loaded):
    assert set(Company.objects.values_list("name", flat=True)) == {
        "Northern Build",
        "Southern Rail",
    }
    assert loaded.people == (
        ("admin@northern-build.example", "owner"),
        ("manager@northern-build.example", "manager"),
        ("viewer@northern-build.example", "viewer"),
        ("admin@southern-rail.example", "owner"),
    )
    assert loaded.workers == Worker.objects.count() > 300
    for person in User.objects.all():
        assert person.check_password("a long enough password")
    gate = APICall.objects.get(code=demo.GATE_CODE)
    assert (gate.name, gate.company.name, gate.output_format) == ("Gate", "Northern Build", "json")
    assert {
        (
            call.name,
            call.template.code,
            call.output_format,
            "; ".join(services.scope_lines(api_call=call)),
        )
        for call in APICall.objects.exclude(pk=gate.pk)
    } == {
        ("HR roster", "compliance-roster", "json", ""),
        ("Data warehouse", "compliance-changes", "json", ""),
        ("Renewal reminders", "expiring-requirements", "xml", "Divisions: Construction"),
    }
    for company in Company.objects.all():
        assert derivation.differences(company=company) == derivation.Counts()

    # The curl line works as pasted.
    lines = demo.demo_lines(password="a long enough password")
    assert lines[0] == "  e-mail:   admin@northern-build.example"
    assert lines[1] == "  password: a long enough password"
    curl, flag, header, address = shlex.split(lines[-1])
    assert (curl, flag) == ("curl", "-H")
    name, _, value = header.partition(": ")
    assert name == "Authorization"
    assert address == "https://workhub.example/api/v1/worker-compliance?workerIDNumber=00417"
    response = Client().get(
        address.removeprefix("https://workhub.example"), headers={name.lower(): value}
    )
    assert response.status_code == 200
    assert response.json()["worker"]["workerIDNumber"] == "00417"
    assert len(response.json()["compliance"]["items"]) >= 5
    # Printed is shown: it is in the trail like any other look at the secret.
    assert AuditEvent.objects.latest("id").action == "showed the secret of"


def test_no_name_and_no_id_number_of_the_demo_is_in_the_log(loaded, add_call, ask):
    """Whoever was asked for, in every way, rightly or wrongly."""
    company = loaded.company
    by_id_number = add_call(company)
    by_name = add_call(company, lookups=("full_name",))
    by_both = add_call(company, lookups=("id_number", "full_name"))
    lists = {
        "compliance-roster": add_call(company, of="compliance-roster", lookups=()),
        "compliance-changes": add_call(company, of="compliance-changes", lookups=()),
        "expiring-requirements": add_call(company, of="expiring-requirements", lookups=()),
    }
    everybody = list(Worker.objects.all())
    for worker in everybody[::12]:
        id_number = {"workerIDNumber": worker.id_number or ""}
        names = {
            "firstName": worker.first_name,
            "middleName": worker.middle_name,
            "lastName": worker.last_name,
        }
        ask(by_id_number, urlencode(id_number))
        ask(by_name, urlencode(names))
        ask(by_both, urlencode(id_number | names))
        ask(by_id_number, urlencode(id_number | names))  # what is not ticked
        ask(by_name, urlencode(names | {"lastName": worker.last_name * 2}))
        ask(None, urlencode(id_number | names))
    for document, pair in lists.items():
        assert ask(pair, "", path=f"/api/v1/{document}").status_code == 200
    count_up(company=company)
    words = {
        text
        for worker in everybody
        for text in (worker.id_number, worker.first_name, worker.middle_name, worker.last_name)
        if text
    }
    assert len(words) > 300
    whole_word = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(words)))})(?!\w)")
    assert whole_word.search(f"asked for {everybody[0].id_number}.")
    rows = [
        row
        for model in (RequestLog, RefusedRequests, Caller, RequestCount, ServedVersion)
        for row in model.objects.values()
    ]
    assert len(rows) > 100
    texts = [str(value) for row in rows for value in row.values() if not isinstance(value, int)]
    assert [text for text in texts if whole_word.search(text)] == []


def test_a_password_that_was_changed_is_not_printed(without_workers, loaded):
    admin = User.objects.get(email=demo.ADMIN_EMAIL)
    admin.set_password("a new password")
    admin.save()
    text = "\n".join(demo.demo_lines(password="a long enough password"))
    assert "(the one you chose)" in text
    assert "a long enough password" not in text


@pytest.mark.parametrize("gone", ["paused", "deleted"])
def test_without_the_call_there_is_no_curl_line(without_workers, loaded, gone):
    gate = APICall.objects.get(code=demo.GATE_CODE)
    if gone == "paused":
        services.api_call_state_change(api_call=gate, change="pause", by=None)
    else:
        gate.delete()
    assert "curl" not in "\n".join(demo.demo_lines(password="x"))


def test_the_demo_is_loaded_once(without_workers, loaded):
    with pytest.raises(demo.DemoAlreadyLoaded):
        demo.demo_load(password="x")
    with pytest.raises(CommandError, match="The demo companies are there already"):
        call_command("load_demo", stdout=StringIO())
    assert Company.objects.count() == 2


def test_the_command_says_who_can_sign_in(without_workers, db):
    out = StringIO()
    call_command("load_demo", password="a long enough password", stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[0] == "Loaded two companies with 300 workers."
    assert lines[1] == "  owner    admin@northern-build.example  a long enough password"
    assert len(lines) == 5


def test_the_command_makes_a_password_up(without_workers, db):
    out = StringIO()
    call_command("load_demo", stdout=out)
    password = out.getvalue().splitlines()[1].split()[-1]
    assert len(password) >= 12
    assert User.objects.get(email=demo.ADMIN_EMAIL).check_password(password)
