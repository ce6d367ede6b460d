"""Rehearsal ID#s: every kind of answer, without a worker."""

import pytest
from lxml import etree

from apicalls.models import RequestLog
from apicalls.rehearsal import REHEARSAL_ID_NUMBERS

DOCUMENTS = {
    "TEST-COMPLIANT": ("compliant", True),
    "TEST-EXPIRED": ("not_compliant", False),
    "TEST-COMING-DUE": ("compliant", True),
    "TEST-INACTIVE": ("inactive", False),
}
PROBLEMS = {
    "TEST-NOT-FOUND": (404, "worker_not_found"),
    "TEST-AMBIGUOUS": (409, "worker_ambiguous"),
    "TEST-RATE-LIMITED": (429, "rate_limited"),
    "TEST-UNAVAILABLE": (503, "temporarily_unavailable"),
}


def test_there_are_all_of_them():
    assert set(REHEARSAL_ID_NUMBERS) == DOCUMENTS.keys() | PROBLEMS.keys()


@pytest.mark.parametrize(("id_number", "expected"), DOCUMENTS.items())
def test_a_made_up_worker_is_answered_and_marked(ask, call, id_number, expected):
    document = ask(call, f"workerIDNumber={id_number}&validThrough=2099-12-31").json()
    assert document["test"] is True
    assert document["worker"]["workerIDNumber"] == id_number
    compliance = document["compliance"]
    assert (compliance["status"], compliance["compliant"]) == expected
    assert document["validThrough"]["compliant"] is False  # the certificate ends before that


@pytest.mark.parametrize(("id_number", "expected"), PROBLEMS.items())
def test_a_made_up_refusal_is_answered_and_marked(ask, call, id_number, expected):
    response = ask(call, f"workerIDNumber={id_number.lower()}")
    problem = response.json()
    assert (response.status_code, problem["code"]) == expected
    assert problem["test"] is True
    if response.status_code in {429, 503}:
        assert response["Retry-After"] == "1"
    if response.status_code == 429:
        assert response["RateLimit"] == '"call";r=0;t=1'
    assert RequestLog.objects.get().code == problem["code"]


def test_a_rehearsal_is_in_the_call_s_own_format_and_fields(ask, add_call, company):
    pair = add_call(company, output_format="xml", field_groups=[])
    root = etree.fromstring(ask(pair, "workerIDNumber=TEST-COMPLIANT").content)
    assert root.findtext("test") == "true"
    assert root.find("worker/firstName") is None
    assert root.find("compliance/items") is None


def test_a_call_by_names_rehearses_with_the_last_name(ask, add_call, company):
    pair = add_call(company, lookups=["full_name"])
    names = "firstName=x&middleName=&lastName="
    assert ask(pair, f"{names}TEST-EXPIRED").json()["test"] is True
    assert ask(pair, f"{names}Test").json()["code"] == "worker_not_found"


def test_a_real_answer_is_no_test(ask, call, worker):
    assert "test" not in ask(call).json()


# --- Valid through ---------------------------------------------------------------------


def test_valid_through_tells_what_will_lapse(ask, call, crane_operator, time_machine):
    time_machine.move_to("2026-03-02T19:00:00Z", tick=False)
    told = ask(call, "workerIDNumber=10482&validThrough=2026-09-01").json()["validThrough"]
    assert (told["on"], told["compliant"]) == ("2026-09-01", False)
    [lapse] = told["lapsing"]
    assert (lapse["name"], lapse["expiresOn"], lapse["lapsesOn"]) == (
        "Yard orientation",
        "2026-08-31",
        "2026-09-01",
    )
    told = ask(call, "workerIDNumber=10482&validThrough=2026-08-31").json()["validThrough"]
    assert told["lapsing"] == []
    refused = ask(call, "workerIDNumber=10482&validThrough=2026-03-01").json()
    assert (refused["code"], refused["errors"][0]["parameter"]) == (
        "invalid_parameter",
        "validThrough",
    )
    for day in ("2026-03-02", "2099-01-01"):
        rehearsed = ask(call, f"workerIDNumber=TEST-COMING-DUE&validThrough={day}").json()
        assert rehearsed["validThrough"]["compliant"] is (day == "2026-03-02")


# --- Verify ----------------------------------------------------------------------------


def test_verify_tells_which_call_and_pair_it_is(program, call):
    response = program.get(
        "/api/v1/verify", headers={"authorization": call.header}, REMOTE_ADDR="203.0.113.7"
    )
    told = response.json()
    assert told["apiCall"]["name"] == "Gate"
    assert told["apiCall"]["websiteAddress"] == call.api_call.website_address()
    assert (told["ready"], told["parameters"]) == (True, ["workerIDNumber"])
    assert told["credential"]["clientKey"] == call.client_key
    assert told["rateLimit"] == {"requests": 600, "seconds": 60}
    assert told["address"] == "203.0.113.7"
    assert call.client_secret not in response.content.decode()


def test_verify_answers_a_call_that_is_not_ready(program, add_call, company):
    pair = add_call(company, lookups=())
    told = program.get("/api/v1/verify", headers={"authorization": pair.header}).json()
    assert (told["ready"], told["parameters"]) == (False, [])


def test_verify_takes_no_parameters(program, call):
    response = program.get("/api/v1/verify?x=1", headers={"authorization": call.header})
    assert response.json()["code"] == "unknown_parameter"
