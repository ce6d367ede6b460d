"""Which calls were told about a worker: the register on the profile, and its file."""

import re
from html import unescape

import pytest

from apicalls.models import RequestLog
from apicalls.usage.counts import count_up
from apicalls.usage.disclosures import register_of
from workers import services as workers_services
from workers.models import Division, Location, Worker


@pytest.fixture
def page_of(client_of, admin):
    """Return a function that gives the text of the register of a worker."""

    def read(worker):
        response = client_of(admin).get(f"/workers/{worker.pk}/disclosures/")
        assert response.status_code == 200
        text = re.sub(r"<[^>]+>", " ", response.content.decode().partition("<main")[2])
        return unescape(re.sub(r"\s+", " ", text))

    return read


def test_each_call_is_there_with_how_often_and_what(
    ask, call, add_call, change, company, worker, worker_of, time_machine
):
    worker_of(company, id_number="2", last="Else")
    time_machine.move_to("2026-03-02T18:00:00Z", tick=False)
    ask(call)
    ask(call, "workerIDNumber=2")
    time_machine.move_to("2026-03-03T18:00:00Z", tick=False)
    ask(call)
    ask(call, "workerIDNumber=TEST-COMPLIANT")
    ask(call, "workerIDNumber=nobody")
    change(call.api_call, field_groups=["names"])
    time_machine.move_to("2026-03-04T18:00:00Z", tick=False)
    ask(call)
    newer, older = register_of(worker=worker).alone
    assert (newer.name, newer.times, newer.field_groups) == ("Gate", 1, ["names"])
    assert (older.name, older.times) == ("Gate", 2)
    assert "items" in older.field_groups
    assert (str(older.first_at.date()), str(older.last_at.date())) == ("2026-03-02", "2026-03-03")


def test_who_has_the_answer_already_was_told_again(ask, call, worker):
    etag = ask(call)["ETag"]
    assert ask(call, if_none_match=etag).status_code == 304
    assert register_of(worker=worker).alone[0].times == 2


@pytest.mark.parametrize("is_in_scope", [True, False])
def test_lists_that_have_the_worker_in_their_scope_are_told_apart(
    ask, add_call, company, worker, is_in_scope
):
    types = ["employee" if is_in_scope else "contractor"]
    roster = add_call(
        company, of="compliance-roster", lookups=(), name="HR", scope={"worker_types": types}
    )
    ask(roster, "", path="/api/v1/compliance-roster")
    ask(roster, "status=odd", path="/api/v1/compliance-roster")
    assert register_of(worker=worker).alone == []
    told = [(one.name, one.times) for one in register_of(worker=worker).in_lists]
    assert told == ([("HR", 1)] if is_in_scope else [])


@pytest.fixture
def two_divisions(company):
    """A location in each of two divisions."""
    return [
        Location.objects.create(
            company=company,
            name=f"{name} Yard",
            division=Division.objects.create(company=company, name=name),
        )
        for name in ("Rail", "Road")
    ]


@pytest.mark.parametrize("is_counted", [True, False])
def test_scope_and_place_are_those_of_the_time(
    ask, add_call, change, company, worker_of, two_divisions, time_machine, is_counted
):
    """Whom a list told of is not known by where they are, and whom it would tell of, today."""
    rail, road = two_divisions

    def read(at):
        time_machine.move_to(at, tick=False)
        assert ask(roster, "", path="/api/v1/compliance-roster").status_code == 200
        if is_counted:
            time_machine.move_to(f"{at[:11]}23:59:00Z", tick=False)
            count_up(company=company)

    time_machine.move_to("2026-03-01T12:00:00Z", tick=False)
    roster = add_call(
        company,
        of="compliance-roster",
        lookups=(),
        name="Rail only",
        scope={"divisions": [rail.division_id]},
    )
    read("2026-03-02T12:00:00Z")  # before there was anybody
    time_machine.move_to("2026-03-03T12:00:00Z", tick=False)
    dana = worker_of(company, location=rail)
    read("2026-03-04T12:00:00Z")  # told of Dana
    time_machine.move_to("2026-03-05T12:00:00Z", tick=False)
    workers_services.worker_change(company=company, worker=dana, by=None, location=road)
    dana = Worker.objects.get(pk=dana.pk)
    read("2026-03-06T12:00:00Z")  # she is elsewhere
    change(roster.api_call, scope={"divisions": [road.division_id]})
    read("2026-03-07T12:00:00Z")  # told of Dana
    change(roster.api_call, scope={"divisions": [rail.division_id]}, field_groups=["names"])
    read("2026-03-08T12:00:00Z")
    [told] = register_of(worker=dana).in_lists
    assert (told.name, told.times) == ("Rail only", 2)
    assert (str(told.first_at), str(told.last_at)) == (
        "2026-03-04 12:00:00+00:00",
        "2026-03-07 12:00:00+00:00",
    )


def test_the_page_and_the_file_say_the_same(ask, call, worker, page_of, client_of, admin):
    ask(call)
    assert "Gate 1 " in page_of(worker)
    response = client_of(admin).get(f"/workers/{worker.pk}/disclosures/csv/")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    header, row = b"".join(response.streaming_content).decode().splitlines()
    assert header == "API call,Document,Told,Times,First,Last,Fields"
    assert row.startswith("Gate,worker-compliance,about this worker,1,")
    assert row.endswith(" ".join(sorted(call.api_call.field_groups)))


def test_nobody_told_is_said(worker, page_of):
    assert page_of(worker).count("Nobody was told.") == 2


@pytest.mark.parametrize("path", ["", "csv/"])
def test_a_worker_of_another_company_is_not_there(client_of, outsider, client, worker, path):
    address = f"/workers/{worker.pk}/disclosures/{path}"
    assert client.get(address).status_code == 302
    assert client_of(outsider).get(address).status_code == 404


def test_what_another_company_s_call_asked_is_not_there(ask, add_call, other_company, worker):
    ask(add_call(other_company))
    RequestLog.objects.update(worker_id=worker.pk, status=200)
    assert register_of(worker=worker).alone == []
