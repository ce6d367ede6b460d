"""Answer receipts: which worker a request was told of, and how they stood then."""

import re
from datetime import date
from html import unescape

import pytest

from workers import services as workers_services
from workers.dates import follow_dates
from workers.models import Requirement


@pytest.fixture
def receipt_of(client_of, admin, call):
    """Return a function that gives the receipt of an answer: its text after the heading."""

    def read(response, of=call, user=admin):
        request_id = response["X-Request-Id"]
        page = client_of(user).get(f"/account/api/{of.api_call.code}/usage/requests/{request_id}/")
        if page.status_code != 200:
            return str(page.status_code)
        text = re.sub(r"<[^>]+>", " ", page.content.decode().partition("<main")[2])
        return unescape(re.sub(r"\s+", " ", text))

    return read


def shown(response):
    """Return (name, level, status) of each item of an answer."""
    items = response.json()["compliance"]["items"]
    return {(item["name"], item["level"], item["status"]) for item in items}


def on_receipt(text, response):
    return all(f"{name} {level} {status} " in text for name, level, status in shown(response))


def test_the_receipt_says_what_the_answer_said(ask, call, crane_operator, receipt_of):
    answer = ask(call, f"workerIDNumber={crane_operator.id_number}", user_agent="Gate/1")
    text = receipt_of(answer)
    assert shown(answer)
    assert on_receipt(text, answer)
    verdict = "Compliant" if answer.json()["compliance"]["compliant"] else "Not compliant"
    assert f"{crane_operator} : {verdict} " in text
    assert "Asked by workerIDNumber " in text
    assert "Gate, 127.0.0.0/24" in text


def test_what_has_changed_since_changes_no_receipt(
    ask, call, crane_operator, receipt_of, company, time_machine
):
    time_machine.move_to("2027-03-02T18:00:00Z", tick=False)
    query = f"workerIDNumber={crane_operator.id_number}"
    early = ask(call, query)
    time_machine.move_to("2027-03-02T18:05:00Z", tick=False)
    workers_services.worker_change(
        company=company, worker=crane_operator, by=None, position=None, location=None
    )
    time_machine.move_to("2027-03-02T18:10:00Z", tick=False)
    late = ask(call, query)
    assert shown(early) != shown(late)
    assert on_receipt(receipt_of(early), early)
    assert on_receipt(receipt_of(late), late)
    for item in shown(early) - shown(late):
        assert " ".join(item) not in receipt_of(late)


def test_a_change_that_was_being_made_meanwhile_is_not_on_the_receipt(
    ask, call, crane_operator, receipt_of, company, time_machine
):
    """It was begun before the request, and was there only after it: an import, for instance."""
    time_machine.move_to("2027-03-02T18:00:00Z", tick=False)
    answer = ask(call, f"workerIDNumber={crane_operator.id_number}")
    time_machine.move_to("2027-03-02T17:59:50Z", tick=False)
    workers_services.worker_change(
        company=company, worker=crane_operator, by=None, position=None, location=None
    )
    time_machine.move_to("2027-03-02T18:05:00Z", tick=False)
    assert shown(answer)
    assert on_receipt(receipt_of(answer), answer)


def test_a_date_that_the_feed_was_told_of_late_is_on_the_receipt(
    ask, call, crane_operator, company, receipt_of, time_machine
):
    time_machine.move_to("2027-03-02T18:00:00Z", tick=False)
    workers_services.record_add(
        company=company,
        worker=crane_operator,
        requirement=Requirement.objects.get(name="Rigging"),
        by=None,
        state="approved",
        completed_on=date(2027, 3, 1),
        expires_on=date(2027, 3, 10),
    )
    time_machine.move_to("2027-03-11T18:00:00Z", tick=False)
    answer = ask(call)
    assert ("Rigging", "required", "expired") in shown(answer)
    time_machine.move_to("2027-03-20T18:00:00Z", tick=False)
    follow_dates(company=company)
    assert on_receipt(receipt_of(answer), answer)


def test_a_refusal_a_rehearsal_and_a_list_tell_of_nobody(ask, call, add_call, company, receipt_of):
    for query in ("workerIDNumber=1", "workerIDNumber=TEST-COMPLIANT"):
        assert "It told about no single worker" in receipt_of(ask(call, query))
    roster = add_call(company, of="compliance-roster", lookups=())
    answer = ask(roster, "", path="/api/v1/compliance-roster")
    assert "It told about no single worker" in receipt_of(answer, of=roster)


def test_a_receipt_is_the_company_s_own(ask, call, xml_call, worker, receipt_of, outsider, viewer):
    answer = ask(call)
    assert receipt_of(answer, user=outsider) == "404"
    assert receipt_of(answer, of=xml_call) == "404"
    assert worker.last_name in receipt_of(answer, user=viewer)


def test_a_request_is_found_by_its_id(ask, call, worker, client_of, admin):
    wanted, other = ask(call)["X-Request-Id"], ask(call)["X-Request-Id"]
    page = client_of(admin).get(
        f"/account/api/{call.api_call.code}/usage/", {"request_id": f" {wanted.upper()} "}
    )
    assert f"/usage/requests/{wanted}/" in page.content.decode()
    assert f"/usage/requests/{other}/" not in page.content.decode()
