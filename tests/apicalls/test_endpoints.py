"""GET /api/v1/worker-compliance, as programs send it and as they are answered."""

import logging
import re

import pytest
from django.db import InterfaceError, InternalError, OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apicalls import answers, request_log
from apicalls.models import Caller, Credential, RefusedRequests, RequestLog

ADDRESS = "/api/v1/worker-compliance"
NAMES = "firstName={}&middleName={}&lastName={}"


@pytest.fixture
def second_of_march(time_machine):
    """2026-03-02, late enough for Edmonton and Berlin to agree on the date."""
    time_machine.move_to("2026-03-02T18:00:00Z", tick=False)


@pytest.fixture
def name_call(add_call, company):
    return add_call(company, name="Dispatch", lookups=["full_name"])


@pytest.fixture
def both_call(add_call, company):
    return add_call(company, name="Payroll", lookups=["id_number", "full_name"])


def _without_request_id(response):
    body = re.sub(rb'"requestId":"[0-9a-f]{32}"', b"", response.content)
    own = {"X-Request-Id", "RateLimit"}  # of this request, not of what it asked
    headers = {name: value for name, value in response.items() if name not in own}
    return response.status_code, headers, body


def _ids(body, worker):
    """Return the body with the requirements' ids, which the database gives, by their name."""
    names = worker.company.requirements.values_list("pk", "name")
    for pk, name in names:
        body = re.sub(rf"\breq_{pk}\b", f"req_{name}", body)
    return re.sub(rf"\bwkr_{worker.pk}\b", f"wkr_{worker.first_name}", body)


# --- The documents ---------------------------------------------------------------------

JSON_BODY = (
    '{"version":"1","asOf":"2026-03-02","nextChangeOn":"2026-08-01",'
    '"worker":{"id":"wkr_Dana",'
    '"workerIDNumber":"10482","firstName":"Dana","middleName":"","lastName":"Okafor",'
    '"active":true,"workerType":"employee","position":"Crane Operator",'
    '"location":"Calgary Yard","division":"Construction"},'
    '"compliance":{"compliant":false,"status":"not_compliant","percent":33,'
    '"required":3,"complete":1,"outstanding":2,"comingDue":0,'
    '"components":[{"component":"certificate","required":2,"complete":0,"percent":0},'
    '{"component":"orientation","required":1,"complete":1,"percent":100}],'
    '"items":[{"id":"req_First Aid","component":"certificate","name":"First Aid",'
    '"level":"required","status":"expired","compliant":false,'
    '"completedOn":"2023-02-10","issuedOn":"2023-02-10","expiresOn":"2026-02-10","daysLeft":-20,'
    '"certificateNumber":"FA-88120","issuer":"Red Cross",'
    '"because":["Crane Operator","Calgary Yard"]},'
    '{"id":"req_Rigging","component":"certificate","name":"Rigging",'
    '"level":"required","status":"missing","compliant":false,'
    '"completedOn":null,"issuedOn":null,"expiresOn":null,"daysLeft":null,'
    '"certificateNumber":null,"issuer":null,"because":["Crane Operator at Calgary Yard"]},'
    '{"id":"req_Winter driving","component":"bulletin","name":"Winter driving",'
    '"level":"optional","status":"missing","compliant":false,'
    '"completedOn":null,"issuedOn":null,"expiresOn":null,"daysLeft":null,'
    '"certificateNumber":null,"issuer":null,"because":["Calgary Yard"]},'
    '{"id":"req_Yard orientation","component":"orientation","name":"Yard orientation",'
    '"level":"required","status":"current","compliant":true,'
    '"completedOn":"2025-09-01","issuedOn":null,"expiresOn":"2026-08-31","daysLeft":182,'
    '"certificateNumber":null,"issuer":null,"because":["Calgary Yard"]}]}}'
)
NIL = 'xsi:nil="true"'
XML_BODY = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<workerCompliance xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<version>1</version><asOf>2026-03-02</asOf><nextChangeOn>2026-08-01</nextChangeOn>"
    "<worker><id>wkr_Dana</id><workerIDNumber>10482</workerIDNumber><firstName>Dana</firstName><middleName/>"
    "<lastName>Okafor</lastName><active>true</active><workerType>employee</workerType>"
    "<position>Crane Operator</position><location>Calgary Yard</location>"
    "<division>Construction</division></worker>"
    "<compliance><compliant>false</compliant><status>not_compliant</status>"
    "<percent>33</percent><required>3</required><complete>1</complete>"
    "<outstanding>2</outstanding><comingDue>0</comingDue>"
    "<components><componentSummary><component>certificate</component><required>2</required>"
    "<complete>0</complete><percent>0</percent></componentSummary>"
    "<componentSummary><component>orientation</component><required>1</required>"
    "<complete>1</complete><percent>100</percent></componentSummary></components>"
    "<items><item><id>req_First Aid</id><component>certificate</component>"
    "<name>First Aid</name><level>required</level><status>expired</status>"
    "<compliant>false</compliant><completedOn>2023-02-10</completedOn>"
    "<issuedOn>2023-02-10</issuedOn><expiresOn>2026-02-10</expiresOn><daysLeft>-20</daysLeft>"
    "<certificateNumber>FA-88120</certificateNumber><issuer>Red Cross</issuer>"
    "<because><rule>Crane Operator</rule><rule>Calgary Yard</rule></because></item>"
    "<item><id>req_Rigging</id><component>certificate</component><name>Rigging</name>"
    "<level>required</level><status>missing</status><compliant>false</compliant>"
    f"<completedOn {NIL}/><issuedOn {NIL}/><expiresOn {NIL}/><daysLeft {NIL}/>"
    f"<certificateNumber {NIL}/><issuer {NIL}/>"
    "<because><rule>Crane Operator at Calgary Yard</rule></because></item>"
    "<item><id>req_Winter driving</id><component>bulletin</component>"
    "<name>Winter driving</name><level>optional</level><status>missing</status>"
    f"<compliant>false</compliant><completedOn {NIL}/><issuedOn {NIL}/><expiresOn {NIL}/>"
    f"<daysLeft {NIL}/><certificateNumber {NIL}/><issuer {NIL}/>"
    "<because><rule>Calgary Yard</rule></because></item>"
    "<item><id>req_Yard orientation</id><component>orientation</component>"
    "<name>Yard orientation</name><level>required</level><status>current</status>"
    f"<compliant>true</compliant><completedOn>2025-09-01</completedOn><issuedOn {NIL}/>"
    "<expiresOn>2026-08-31</expiresOn><daysLeft>182</daysLeft>"
    f"<certificateNumber {NIL}/><issuer {NIL}/>"
    "<because><rule>Calgary Yard</rule></because></item></items>"
    "</compliance></workerCompliance>"
)


def test_the_json_of_a_worker(ask, call, crane_operator, second_of_march):
    response = ask(call)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert _ids(response.content.decode(), crane_operator) == JSON_BODY


def test_the_xml_of_a_worker(ask, xml_call, crane_operator, second_of_march):
    response = ask(xml_call)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/xml; charset=utf-8"
    assert _ids(response.content.decode(), crane_operator) == XML_BODY


def test_today_is_the_company_s(ask, call, worker, time_machine):
    time_machine.move_to("2026-03-03T06:59:59Z", tick=False)
    assert ask(call).json()["asOf"] == "2026-03-02"
    time_machine.move_to("2026-03-03T07:00:00Z", tick=False)
    assert ask(call).json()["asOf"] == "2026-03-03"


def test_a_worker_of_whom_nothing_is_asked_is_compliant(ask, call, worker):
    compliance = ask(call).json()["compliance"]
    assert (compliance["compliant"], compliance["status"]) == (True, "nothing_required")
    assert compliance["percent"] is None
    assert compliance["items"] == compliance["components"] == []


def test_an_inactive_worker_is_found_and_not_compliant(ask, call, worker_of, company):
    worker_of(company, is_active=False)
    answer = ask(call).json()
    assert answer["worker"]["active"] is False
    assert answer["compliance"]["compliant"] is False
    assert answer["compliance"]["status"] == "inactive"
    assert answer["compliance"]["items"] == []


def test_a_worker_without_an_id_number_has_null_for_it(ask, name_call, worker_of, company):
    worker_of(company, id_number="")
    answer = ask(name_call, NAMES.format("Dana", "", "Okafor")).json()
    assert answer["worker"]["workerIDNumber"] is None


# --- Which worker ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "sent", "status"),
    [
        pytest.param("10482", "10482", 200, id="as-stored"),
        pytest.param("AB-7c", "ab-7C", 200, id="case"),
        pytest.param("10482", "%20+10482+%C2%A0", 200, id="blanks-around"),
        pytest.param("00417", "00417", 200, id="leading-zeros"),
        pytest.param("00417", "417", 404, id="leading-zeros-left-out"),
        pytest.param("417", "00417", 404, id="leading-zeros-added"),
        pytest.param("10482", "1048", 404, id="beginning"),
        pytest.param("10482", "1048%25", 404, id="like-wildcard"),
        pytest.param("10482", "1048_", 404, id="like-underscore"),
        pytest.param("10482", "%D9%A1%D9%A0%D9%A4%D9%A8%D9%A2", 404, id="arabic-digits"),
        pytest.param("10482", "10482'--", 404, id="quote"),
        pytest.param("ÉM-1", "e%CC%81m-1", 200, id="accent-in-two-characters"),
        pytest.param("工-7", "%E5%B7%A5-7", 200, id="non-latin"),
        pytest.param("10482", "%EF%BF%BD", 404, id="replacement-character"),
        pytest.param("10482", "%F0%9F%91%B7", 404, id="beyond-16-bits"),
    ],
)
def test_an_id_number_matches_whatever_its_case_and_as_a_whole(
    ask, call, worker_of, company, stored, sent, status
):
    worker_of(company, id_number=stored)
    response = ask(call, f"workerIDNumber={sent}")
    assert response.status_code == status
    if status == 200:
        assert response.json()["worker"]["workerIDNumber"] == stored


@pytest.mark.parametrize(
    ("stored", "sent", "status"),
    [
        pytest.param(("Dana", "", "Okafor"), "dANA//okafor", 200, id="case"),
        pytest.param(("Dana", "", "Okafor"), "+Dana+//Okafor", 200, id="blanks-around"),
        pytest.param(("Mary Ann", "", "Lee"), "mary++ann//lee", 200, id="run-of-blanks"),
        pytest.param(("Dana", "", "Okafor"), "Dana/%20/Okafor", 200, id="blank-middle-name"),
        pytest.param(("Dana", "M.", "Okafor"), "Dana/m./Okafor", 200, id="middle-name"),
        pytest.param(("Dana", "M.", "Okafor"), "Dana//Okafor", 404, id="middle-name-left-out"),
        pytest.param(("Dana", "", "Okafor"), "Dana/M./Okafor", 404, id="middle-name-added"),
        pytest.param(("José", "", "Ruiz"), "JOS%C3%89//Ruiz", 200, id="accent-in-one-character"),
        pytest.param(("José", "", "Ruiz"), "Jose%CC%81//Ruiz", 200, id="accent-in-two"),
        pytest.param(("Jose\u0301", "", "Ruiz"), "Jos%C3%A9//Ruiz", 200, id="stored-in-two"),
        pytest.param(("José", "", "Ruiz"), "Jose//Ruiz", 404, id="accent-left-out"),
        pytest.param(("Siobhán", "", "O'Neil"), "siobh%C3%A1n//o'neil", 200, id="apostrophe"),
        pytest.param(("Siobhán", "", "O'Neil"), "siobh%C3%A1n//o%27NEIL", 200, id="escaped-'"),
        pytest.param(("Siobhán", "", "O'Neil"), "siobh%C3%A1n//ONeil", 404, id="no-apostrophe"),
        pytest.param(
            ("Петр", "", "Ильин"), "%D0%9F%D0%95%D0%A2%D0%A0//%D0%98льин", 200, id="cyrillic"
        ),
        pytest.param(("小龍", "", "李"), "小龍//李", 200, id="han"),
        pytest.param(("محمد", "", "علي"), "محمد//علي", 200, id="arabic"),
        pytest.param(("Jürgen", "", "Groß"), "JÜRGEN//GROSS", 200, id="sharp-s"),
        pytest.param(("Mary Ann", "", "Lee"), "Mary/Ann/Lee", 404, id="borders-between-names"),
        pytest.param(("Dana", "", "Okafor"), "Okafor//Dana", 404, id="the-wrong-way-round"),
        pytest.param(("Dana", "", "Okafor"), "Dana//%25", 404, id="like-wildcard"),
    ],
)
def test_a_full_name_matches_as_written_whatever_its_case(
    ask, name_call, worker_of, company, stored, sent, status
):
    first, middle, last = stored
    worker_of(company, first=first, middle=middle, last=last)
    response = ask(name_call, NAMES.format(*sent.split("/")))
    assert response.status_code == status


@pytest.mark.parametrize(
    ("id_number", "names", "status"),
    [
        pytest.param("10482", ("Dana", "", "Okafor"), 200, id="both-right"),
        pytest.param("10482", ("Dina", "", "Okafor"), 404, id="name-of-nobody"),
        pytest.param("10483", ("Dana", "", "Okafor"), 404, id="id-number-of-nobody"),
        pytest.param("20000", ("Dana", "", "Okafor"), 404, id="of-two-workers"),
    ],
)
def test_with_both_sets_ticked_the_worker_must_match_both(
    ask, both_call, worker_of, company, id_number, names, status
):
    worker_of(company)
    worker_of(company, id_number="20000", first="Sam", last="Baker")
    query = f"workerIDNumber={id_number}&{NAMES.format(*names)}"
    response = ask(both_call, query)
    assert response.status_code == status
    if status == 404:
        assert response.json()["code"] == "worker_not_found"


def test_with_both_sets_ticked_two_of_a_name_are_told_apart(ask, both_call, worker_of, company):
    worker_of(company)
    worker_of(company, id_number="20000")
    response = ask(both_call, f"workerIDNumber=20000&{NAMES.format('Dana', '', 'Okafor')}")
    assert response.json()["worker"]["workerIDNumber"] == "20000"


@pytest.mark.parametrize("number", [2, 3])
def test_several_of_one_name_are_counted_and_not_guessed(
    ask, name_call, worker_of, company, other_company, number
):
    for index in range(number):
        worker_of(company, id_number=str(index))
    worker_of(other_company)
    response = ask(name_call, NAMES.format("Dana", "", "Okafor"))
    assert response.status_code == 409
    problem = response.json()
    assert problem["code"] == "worker_ambiguous"
    assert problem["detail"] == (
        f"{number} workers have this name. Ask by workerIDNumber, which is unique; an admin "
        "can tick WorkerIDNumber under Parameters on the details page."
    )


def test_a_worker_of_another_company_is_answered_like_one_that_does_not_exist(
    ask, call, name_call, worker_of, other_company
):
    worker_of(other_company, id_number="777", first="Olga", last="Petrowa")
    for pair, theirs, nobody in (
        (call, "workerIDNumber=777", "workerIDNumber=778"),
        (
            name_call,
            NAMES.format("Olga", "", "Petrowa"),
            NAMES.format("Olga", "", "Nobody"),
        ),
    ):
        ask(pair, nobody)  # the first of its caller
        Credential.objects.update(last_used_at=None)
        with CaptureQueriesContext(connection) as queries_theirs:
            answer_theirs = ask(pair, theirs)
        Credential.objects.update(last_used_at=None)
        with CaptureQueriesContext(connection) as queries_nobody:
            answer_nobody = ask(pair, nobody)
        Credential.objects.update(last_used_at=None)
        assert answer_theirs.status_code == 404
        assert answer_theirs.json()["code"] == "worker_not_found"
        assert _without_request_id(answer_theirs) == _without_request_id(answer_nobody)
        assert len(queries_theirs) == len(queries_nobody)


def test_the_same_id_number_is_each_company_s_own_worker(
    ask, call, add_call, worker_of, company, other_company
):
    worker_of(company, first="Dana")
    worker_of(other_company, first="Olga")
    assert ask(call).json()["worker"]["firstName"] == "Dana"
    assert ask(add_call(other_company)).json()["worker"]["firstName"] == "Olga"


# --- Parameters ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "code", "parameter"),
    [
        pytest.param("", "missing_parameter", "workerIDNumber", id="nothing"),
        pytest.param("workerIDNumber=%00", "invalid_parameter", "workerIDNumber", id="nul"),
        pytest.param(
            "workerIDNumber=1%002", "invalid_parameter", "workerIDNumber", id="nul-inside"
        ),
        pytest.param("workerIDNumber=%zz", "invalid_parameter", "workerIDNumber", id="%zz"),
        pytest.param("workerIDNumber=%", "invalid_parameter", "workerIDNumber", id="%"),
        pytest.param("workerIDNumber=%FF", "invalid_parameter", "workerIDNumber", id="%FF"),
        pytest.param("workerIDNumber=%ED%A0%80", "invalid_parameter", "workerIDNumber", id="lone"),
        pytest.param(
            "workerIDNumber={workerIDNumber}", "invalid_parameter", "workerIDNumber", id="literal"
        ),
        pytest.param(
            "workerIDNumber=1&WorkerIDNumber=1",
            "repeated_parameter",
            "workerIDNumber",
            id="repeated",
        ),
        pytest.param("workerIDNumber=10482&a=1", "unknown_parameter", "a", id="unknown"),
        pytest.param("workerIDNumber=10482&format=xml", "unknown_parameter", "format", id="format"),
        pytest.param(
            "workerIDNumber=10482&firstName=Dana", "unknown_parameter", "firstName", id="unticked"
        ),
        pytest.param(
            "workerIDNumber=" + "1" * 5000, "invalid_parameter", "workerIDNumber", id="over-long"
        ),
    ],
)
@pytest.mark.parametrize("output_format", ["json", "xml"])
def test_a_wrong_parameter_is_400_and_named(
    ask, add_call, company, worker, output_format, query, code, parameter
):
    response = ask(add_call(company, output_format=output_format), query)
    assert response.status_code == 400
    assert response["Content-Type"] == f"application/problem+{output_format}"
    body = response.content.decode()
    if output_format == "json":
        problem = response.json()
        assert problem["code"] == code
        assert problem["errors"][0]["parameter"] == parameter
        assert problem["detail"] == problem["errors"][0]["message"]
    else:
        assert f"<code>{code}</code>" in body
        assert f"<errors><i><parameter>{parameter}</parameter><message>" in body


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("&".join(f"p{n}=1" for n in range(5000)), id="5000-unknown"),
        pytest.param("&".join(["workerIDNumber=1"] * 5000), id="5000-times-the-same"),
        pytest.param("n" * 100_000 + "=1", id="huge-name"),
        pytest.param("workerIDNumber=" + "1" * 100_000, id="huge-value"),
        pytest.param("workerIDNumber=" + "%7B" * 30_000, id="braces"),
    ],
)
def test_the_answer_to_a_huge_query_is_a_page_long(ask, call, query):
    response = ask(call, query)
    assert response.status_code == 400
    assert len(response.content) < 8000


def test_a_call_without_parameters_says_so_before_it_looks_at_them(ask, call, worker, change):
    change(call.api_call, lookups=[])
    for query in ("", "workerIDNumber=10482", "nonsense=%zz"):
        response = ask(call, query)
        assert response.status_code == 409
        assert response.json()["code"] == "parameters_not_set"


def test_a_change_of_the_boxes_counts_from_the_next_request(ask, call, worker, change):
    assert ask(call).status_code == 200
    change(call.api_call, lookups=["full_name"])
    assert ask(call).json()["code"] == "unknown_parameter"
    assert ask(call, NAMES.format("Dana", "", "Okafor")).status_code == 200


# --- Methods ---------------------------------------------------------------------------


@pytest.mark.parametrize("with_credentials", [True, False])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "FOO"])
def test_other_methods_are_405_and_told_what_is_allowed(call, worker, method, with_credentials):
    headers = {"authorization": call.header} if with_credentials else {}
    response = Client(enforce_csrf_checks=True).generic(
        method, f"{ADDRESS}?workerIDNumber=10482", b"x", "text/plain", headers=headers
    )
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD, OPTIONS"
    assert response["Content-Type"] == "application/problem+json"
    assert response["Cache-Control"] == "no-store"
    assert response.json()["code"] == "method_not_allowed"


def test_a_method_that_is_not_allowed_is_logged_under_its_call(ask, call, xml_call, other_secret):
    assert ask(call, method="post").status_code == 405
    assert ask(xml_call, method="delete")["Content-Type"] == "application/problem+xml"
    ask(None, method="post")
    assert ask(other_secret(call), method="post").status_code == 401
    rows = RequestLog.objects.order_by("id")
    assert [(row.api_call, row.code) for row in rows] == [
        (call.api_call, "method_not_allowed"),
        (xml_call.api_call, "method_not_allowed"),
    ]
    folded = RefusedRequests.objects.order_by("code")
    assert [(row.api_call, row.code) for row in folded] == [
        (call.api_call, "invalid_credentials"),
        (None, "method_not_allowed"),
    ]


def test_a_method_cannot_be_overridden(call, worker):
    response = Client().post(
        f"{ADDRESS}?workerIDNumber=10482",
        {"_method": "GET"},
        headers={"authorization": call.header, "x-http-method-override": "GET"},
    )
    assert response.status_code == 405


@pytest.mark.parametrize("query", ["workerIDNumber=10482", "workerIDNumber=1", "x=%zz"])
def test_head_is_get_without_a_body(ask, call, worker, second_of_march, query):
    got, head = ask(call, query), ask(call, query, method="head")
    assert head.content == b""
    assert _without_request_id(head)[:2] == _without_request_id(got)[:2]
    assert int(head["Content-Length"]) == len(got.content) > 0


@pytest.mark.parametrize("with_credentials", [True, False])
def test_options_tells_the_methods_and_nothing_else(ask, call, worker, with_credentials):
    response = ask(
        call if with_credentials else None,
        method="options",
        origin="https://evil.example",
        access_control_request_method="GET",
    )
    assert response.status_code == 204
    assert response["Allow"] == "GET, HEAD, OPTIONS"
    assert response.content == b""
    assert not RequestLog.objects.exists()


# --- Headers ---------------------------------------------------------------------------

QUERIES = [
    pytest.param("workerIDNumber=10482", 200, id="200"),
    pytest.param("workerIDNumber=%zz", 400, id="400"),
    pytest.param("workerIDNumber=1", 404, id="404"),
]


@pytest.mark.parametrize(("query", "status"), QUERIES)
def test_headers_of_every_answer(ask, call, worker, query, status):
    response = ask(call, query, origin="https://evil.example")
    assert response.status_code == status
    assert response["Cache-Control"] == ("private, no-cache" if status == 200 else "no-store")
    assert response["Vary"] == "Authorization"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert re.fullmatch("[0-9a-f]{32}", response["X-Request-Id"])
    assert response.has_header("ETag") is (status == 200)
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        pytest.param("/api/", "GET", 404, id="api"),
        pytest.param("/api/v2/worker-compliance", "GET", 404, id="version-2"),
        pytest.param("/api/v1/worker-compliance/", "GET", 404, id="slash-behind"),
        pytest.param("/api/v1/worker-compliance/", "POST", 404, id="post-with-slash-behind"),
        pytest.param("/api/v1/Worker-Compliance", "GET", 404, id="another-case"),
        pytest.param("/api/v1/worker-compliance%00", "GET", 404, id="nul"),
        pytest.param("/api/%ff", "GET", 404, id="not-utf-8"),
        pytest.param("/api/v1/schemas/none.xsd", "GET", 404, id="schema"),
        pytest.param("/api/v1/schemas/..%2Fworker_compliance.py", "GET", 404, id="climbing"),
        pytest.param("/api/v1/schemas/worker-compliance.xsd", "POST", 405, id="schema-post"),
        pytest.param("/api/v1/worker-compliance", "OPTIONS", 204, id="options"),
        pytest.param("/api/v1/worker-compliance", "DELETE", 405, id="delete"),
    ],
)
@pytest.mark.parametrize("accept", ["application/json", "application/xml"])
def test_whatever_is_asked_below_api_is_answered_in_its_own_way(db, path, method, status, accept):
    client = Client(enforce_csrf_checks=True)
    client.cookies["sessionid"] = "x"
    response = client.generic(method, path, headers={"accept": accept})
    assert response.status_code == status
    assert re.fullmatch("[0-9a-f]{32}", response["X-Request-Id"])
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "no-store"
    assert response["Vary"] == "Authorization"
    assert not response.cookies
    if status != 204:
        assert response["Content-Type"] == accept.replace("/", "/problem+")


# --- Addresses that are none --------------------------------------------------------------

NOWHERE = [
    pytest.param("/api/", id="api"),
    pytest.param("/api/v1/worker-compliance/", id="slash-behind"),
    pytest.param("/api/v1/worker-complianse", id="misspelt"),
    pytest.param("/api/v2/worker-compliance", id="version-2"),
    pytest.param("/api/v1/schemas/none.xsd", id="schema"),
    pytest.param("/api/v1/openapi.json/", id="openapi-with-a-slash"),
    pytest.param("/api/v1/a%0Ab%00%ff", id="no-text"),
    pytest.param("/api/" + "x" * 5000, id="5-kB"),
]


@pytest.mark.parametrize("path", NOWHERE)
@pytest.mark.parametrize("method", ["get", "head", "post", "put", "patch", "delete", "options"])
def test_an_address_that_is_none_is_404_and_logged_under_its_call(
    ask, call, path, method, django_assert_num_queries
):
    ask(call)  # the first of its caller
    RequestLog.objects.all().delete()
    with django_assert_num_queries(2):  # the look-up and the log
        response = ask(call, path=path, method=method)
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert "Allow" not in response
    row = RequestLog.objects.get()
    assert (row.api_call, row.status, row.code) == (call.api_call, 404, "not_found")
    assert (row.caller, row.request_id) == (Caller.objects.get(), response["X-Request-Id"])
    assert not RefusedRequests.objects.exists()


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="no-header"),
        pytest.param("Bearer {key}:{secret}", id="other-scheme"),
        pytest.param("{key}:{secret}", id="no-scheme"),
    ],
)
@pytest.mark.parametrize("path", NOWHERE)
def test_without_an_amx_header_it_is_404_to_everybody_and_folded(
    ask, call, path, header, django_assert_num_queries
):
    sent = {}
    if header is not None:
        sent["authorization"] = header.format(key=call.client_key, secret=call.client_secret)
    with django_assert_num_queries(2):
        for method in ("get", "post"):
            response = ask(None, path=path, method=method, **sent)
            assert (response.status_code, response.json()["code"]) == (404, "not_found")
    row = RefusedRequests.objects.get()
    assert (row.code, row.mistake, row.status, row.times) == ("not_found", "", 404, 2)
    assert (row.api_call, row.credential) == (None, None)


def test_at_an_address_that_is_none_a_wrong_pair_is_refused_like_anywhere(ask, call, other_secret):
    for header in (
        other_secret(call).header,
        f"amx FFFFFFFFFFFFFF:{call.client_secret}",
        f"amx {call.client_key}",
    ):
        here, there = (
            ask(None, "", path=path, authorization=header) for path in ("/api/v2/x", ADDRESS)
        )
        assert here.status_code == 401
        assert _without_request_id(here) == _without_request_id(there)
    rows = RefusedRequests.objects.order_by("mistake")
    assert [(row.mistake, row.api_call, row.times) for row in rows] == [
        ("no_colon", call.api_call, 2),
        ("typing_error", call.api_call, 2),
        ("unknown_key", None, 2),
    ]


def test_an_address_that_is_none_answers_in_the_format_of_the_call(ask, xml_call):
    response = ask(xml_call, path="/api/v2/", accept="image/png")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+xml"


def test_an_address_that_is_none_counts_against_no_limit(ask, call, change, worker):
    change(call.api_call, rate_limit=1)
    for _ in range(3):
        assert ask(call, path="/api/v2/").status_code == 404
    assert ask(call).status_code == 200


EACH = (
    "/api/v1/worker-compliance, /api/v1/compliance-roster, /api/v1/compliance-changes, "
    "/api/v1/expiring-requirements and /api/v1/verify"
)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        pytest.param(
            "/api/v1/verify/",
            "Leave out the slash at the end: the address is /api/v1/verify.",
            id="slash-behind",
        ),
        pytest.param(
            "/api/v1/compliance-roster//",
            "Leave out the slash at the end: the address is /api/v1/compliance-roster.",
            id="two-slashes",
        ),
        pytest.param("/api/v1/Worker-Compliance", "worker-compliance", id="another-case"),
        pytest.param("/api/v1/worker_compliance", "worker-compliance", id="underscore"),
        pytest.param("/api/v1/workers-compliance", "worker-compliance", id="misspelt"),
        pytest.param("/api/v2/expiring-requirements", "expiring-requirements", id="version-2"),
        pytest.param("/api/compliance-changes", "compliance-changes", id="no-version"),
        pytest.param("/api/v1/x", "", id="nothing-like-it"),
        pytest.param("/api/<script>{x}%0d%0a", "", id="markup"),
        pytest.param("/api/" + "verify" * 900, "", id="5-kB"),
    ],
)
@pytest.mark.parametrize("output_format", ["json", "xml"])
def test_an_address_that_is_none_says_which_there_are(
    ask, add_call, company, output_format, path, said
):
    response = ask(add_call(company, output_format=output_format), "", path=path)
    body = response.content.decode()
    if not said.startswith("Leave"):
        meant = f"Did you mean /api/v1/{said}? " if said else ""
        copy = "Copy the one of your API call from its details page."
        said = f"{meant}The addresses are {EACH}. {copy}"
    assert f'"detail":"{said}"' in body or f"<detail>{said}</detail>" in body
    assert "script" not in body
    assert len(body) < 1000


@pytest.mark.parametrize("path", ["/api/v1/openapi.json", "/api/v1/schemas/verify.json"])
def test_what_describes_the_api_is_no_request_of_a_call(ask, call, path, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert ask(call, "", path=path).status_code == 200
        assert ask(call, "", path=path, method="post").status_code == 405


def test_api_without_a_slash_is_not_led_on(ask, call):
    response = ask(call, "", path="/api")
    assert response.status_code == 404
    assert "Location" not in response


@pytest.mark.parametrize("host", ["evil.example", "bad_host!", "workhub.example:abc"])
def test_a_host_that_is_not_ours_is_refused_as_a_problem(ask, call, worker, host):
    response = ask(call, host=host)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "bad_request"
    assert response.json()["requestId"] == response["X-Request-Id"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "evil.example" not in response.content.decode()
    row = RefusedRequests.objects.get()
    assert (row.status, row.code, row.api_call) == (400, "bad_request", None)
    assert row.request_id == response["X-Request-Id"]


@pytest.mark.parametrize(
    ("method", "query"),
    [
        pytest.param("get", "workerIDNumber=10482", id="200"),
        pytest.param("get", "workerIDNumber=1", id="404"),
        pytest.param("options", "", id="options"),
        pytest.param("post", "", id="405"),
    ],
)
@pytest.mark.parametrize("cookie", ["signed-in", "short", "unknown"])
def test_no_cookie_is_set_and_none_is_read(
    program, ask, call, worker, admin, method, query, cookie
):
    if cookie == "signed-in":
        program.force_login(admin, backend="allauth.account.auth_backends.AuthenticationBackend")
    else:
        program.cookies["sessionid"] = {"short": "x", "unknown": "a" * 32}[cookie]
    with CaptureQueriesContext(connection) as captured:
        response = ask(call, query, method=method)
    assert not response.cookies
    assert response["Vary"] == "Authorization"
    assert not any("session" in query["sql"] for query in captured)


# --- ETag ------------------------------------------------------------------------------


def test_who_has_the_answer_already_gets_304(ask, call, crane_operator, second_of_march):
    first = ask(call)
    assert re.fullmatch('"[0-9a-f]{32}"', first["ETag"])
    again = ask(call, if_none_match=first["ETag"])
    assert again.status_code == 304
    assert again.content == b""
    assert again["ETag"] == first["ETag"]
    assert again["Cache-Control"] == "private, no-cache"
    assert again["Vary"] == "Authorization"
    assert again["X-Content-Type-Options"] == "nosniff"
    assert "X-Request-Id" in again


@pytest.mark.parametrize(
    ("header", "status"),
    [
        pytest.param("{tag}", 304, id="the-same"),
        pytest.param("W/{tag}", 304, id="weak"),
        pytest.param("*", 304, id="anything"),
        pytest.param('"x", {tag}, "y"', 304, id="among-others"),
        pytest.param('"x"', 200, id="another"),
        pytest.param("nonsense", 200, id="no-tag"),
        pytest.param('"', 200, id="unclosed"),
        pytest.param("", 200, id="empty"),
    ],
)
@pytest.mark.parametrize("method", ["get", "head"])
def test_if_none_match(ask, call, worker, second_of_march, header, status, method):
    tag = ask(call)["ETag"]
    response = ask(call, method=method, if_none_match=header.format(tag=tag))
    assert response.status_code == status


def test_another_day_another_worker_another_format_have_another_tag(
    ask, call, xml_call, worker_of, company, time_machine
):
    worker_of(company)
    worker_of(company, id_number="2", first="Sam")
    time_machine.move_to("2026-03-02T18:00:00Z", tick=False)
    tags = [
        ask(call)["ETag"],
        ask(call, "workerIDNumber=2")["ETag"],
        ask(xml_call)["ETag"],
    ]
    time_machine.move_to("2026-03-03T18:00:00Z", tick=False)
    tags.append(ask(call)["ETag"])
    assert len(set(tags)) == 4


def test_the_tag_does_not_depend_on_how_the_worker_was_asked_for(
    ask, call, name_call, worker, second_of_march
):
    by_name = ask(name_call, NAMES.format("dana", "", "OKAFOR"))
    assert by_name["ETag"] == ask(call)["ETag"]


def test_a_refusal_is_never_304(ask, call):
    response = ask(call, if_none_match="*")
    assert response.status_code == 404
    assert "ETag" not in response


@pytest.mark.parametrize(
    ("header", "status"),
    [pytest.param("{tag}", 200, id="right"), pytest.param('"x"', 412, id="wrong")],
)
def test_if_match_is_honoured_with_a_problem(ask, call, worker, second_of_march, header, status):
    tag = ask(call)["ETag"]
    response = ask(call, if_match=header.format(tag=tag))
    assert response.status_code == status
    if status == 412:
        assert response["Content-Type"] == "application/problem+json"
        assert response["Cache-Control"] == "no-store"
        assert response.json()["code"] == "precondition_failed"


# --- Statements -------------------------------------------------------------------------


@pytest.fixture
def statements():
    """How many an answer takes; PostgreSQL counts a request and finds a worker in one."""
    return 3 if connection.vendor == "postgresql" else 4


def test_an_answer_takes_few_statements(
    ask, call, crane_operator, django_assert_num_queries, statements
):
    ask(call)  # the first of its caller
    Credential.objects.update(last_used_at=None)
    with django_assert_num_queries(statements + 1):
        ask(call)  # and once a minute "last used"
    with django_assert_num_queries(statements):
        assert ask(call).status_code == 200


def test_statements_do_not_grow_with_what_is_asked_of_the_worker(
    ask, both_call, crane_operator, django_assert_num_queries, statements
):
    query = f"workerIDNumber=10482&{NAMES.format('Dana', '', 'Okafor')}"
    ask(both_call, query)
    with django_assert_num_queries(statements):
        assert ask(both_call, query).status_code == 200


# --- Faults of our own -----------------------------------------------------------------

AWAY = [
    pytest.param(OperationalError("server closed the connection: SELECT secret"), id="operational"),
    pytest.param(InterfaceError("connection already closed"), id="interface"),
    pytest.param(InternalError("cannot execute INSERT in a read-only transaction"), id="read-only"),
]


def _raise(error):
    def away(*_args, **_kwargs):
        raise error

    return away


@pytest.mark.parametrize("error", AWAY)
@pytest.mark.parametrize("at", ["compliance_rows", "request_log_add", "both"])
@pytest.mark.parametrize("output_format", ["json", "xml"])
def test_a_database_that_is_away_is_503_in_the_format_of_the_call(
    ask, add_call, company, worker, monkeypatch, caplog, error, at, output_format
):
    pair = add_call(company, output_format=output_format)
    for place, name in (
        (answers, "compliance_rows"),
        (request_log, "request_log_add"),
    ):
        if at in {name, "both"}:
            monkeypatch.setattr(place, name, _raise(error))
    response = ask(pair)
    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert response["Content-Type"] == f"application/problem+{output_format}"
    assert response["Cache-Control"] == "no-store"
    assert response["Vary"] == "Authorization"
    assert "ETag" not in response
    body = response.content.decode()
    assert "temporarily_unavailable" in body
    assert response["X-Request-Id"] in body
    assert str(error) not in body
    assert "Okafor" not in body
    line = f"Not in the request log: {response['X-Request-Id']} 503 temporarily_unavailable"
    if at == "compliance_rows":
        assert RequestLog.objects.get().code == "temporarily_unavailable"
    assert (line in caplog.messages) is (at != "compliance_rows")
    assert "secret" not in caplog.text


@pytest.mark.parametrize("error", AWAY[:2])
@pytest.mark.parametrize(
    ("header", "path"),
    [
        pytest.param(None, ADDRESS, id="no-header"),
        pytest.param("amx {key}:{secret}A", ADDRESS, id="wrong-pair"),
        pytest.param("Bearer {key}", ADDRESS, id="other-scheme"),
        pytest.param(None, "/api/v2/", id="nowhere"),
    ],
)
def test_a_refusal_that_cannot_be_logged_is_503_too(
    ask, call, monkeypatch, caplog, error, header, path
):
    monkeypatch.setattr(request_log, "refused_add", _raise(error))
    sent = {}
    if header is not None:
        sent["authorization"] = header.format(key=call.client_key, secret=call.client_secret)
    response = ask(None, path=path, **sent)
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert response.json()["code"] == "temporarily_unavailable"
    line = f"Not in the request log: {response['X-Request-Id']} 503 temporarily_unavailable"
    assert line in caplog.messages


@pytest.mark.parametrize("error", AWAY)
@pytest.mark.parametrize("accept", ["application/json", "application/xml"])
def test_a_database_that_is_away_before_the_call_is_known_is_503(
    ask, call, monkeypatch, error, accept
):
    monkeypatch.setattr("apicalls.authentication.pair_find", _raise(error))
    response = ask(call, accept=accept)
    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert response["Content-Type"] == accept.replace("/", "/problem+")


@pytest.mark.parametrize("at", ["compliance_rows", "build", "request_log_add", "render"])
@pytest.mark.parametrize("output_format", ["json", "xml"])
def test_a_bug_is_500_and_shows_nothing_of_the_inside(
    ask, add_call, company, worker, monkeypatch, caplog, at, output_format
):
    pair = add_call(company, output_format=output_format)
    broken = _raise(ValueError("the inside of " + pair.client_secret.lower()))
    if at == "render":
        monkeypatch.setattr(f"apicalls.renderers.to_{output_format}", broken)
    else:
        place = {"compliance_rows": answers, "request_log_add": request_log}
        monkeypatch.setattr(place.get(at, answers.worker_compliance), at, broken)
    with caplog.at_level(logging.DEBUG):
        response = ask(pair)
    assert response.status_code == 500
    assert response["Content-Type"] == f"application/problem+{output_format}"
    assert response["Cache-Control"] == "no-store"
    assert response["Vary"] == "Authorization"
    assert "ETag" not in response
    body = response.content.decode()
    assert "internal_error" in body
    assert response["X-Request-Id"] in body
    for inside in ("the inside", "ValueError", "Traceback", pair.client_secret.lower(), "Okafor"):
        assert inside not in body
    if at != "request_log_add":
        row = RequestLog.objects.get()
        assert (row.status, row.code, row.size) == (500, "internal_error", len(response.content))
        assert (row.api_call, row.request_id) == (pair.api_call, response["X-Request-Id"])
    line = f"Not in the request log: {response['X-Request-Id']} 500 internal_error"
    assert (line in caplog.messages) is (at == "request_log_add")
    [said] = [one for one in caplog.records if one.name == "workhub.problems"]
    text = said.getMessage()
    assert text.startswith(f"{response['X-Request-Id']} failed: Traceback (most recent call last):")
    assert "ValueError: the inside of ***" in text
    # An error reporter that is handed the exception reads the variables of its frames.
    assert said.exc_info is None
    assert pair.client_secret.lower() not in str([vars(one) for one in caplog.records])


@pytest.mark.parametrize(
    ("at", "path"),
    [
        pytest.param("apicalls.authentication.pair_find", ADDRESS, id="authentication"),
        pytest.param("apicalls.limits.CallHit.usage", ADDRESS, id="limit"),
        pytest.param("apicalls.endpoints._where_instead", "/api/v1/", id="nowhere"),
        pytest.param("apicalls.callers.caller_seen", ADDRESS, id="caller"),
    ],
)
def test_a_bug_anywhere_is_a_problem_and_in_a_log(ask, call, worker, monkeypatch, caplog, at, path):
    monkeypatch.setattr(at, _raise(AttributeError("a bug")))
    response = ask(call, path=path)
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert "a bug" in caplog.text
    request_id = response["X-Request-Id"]
    rows = [*RequestLog.objects.all(), *RefusedRequests.objects.all()]
    logged = [(row.request_id, row.code) for row in rows] == [(request_id, "internal_error")]
    assert logged is (f"Not in the request log: {request_id} 500" not in caplog.text)
    assert logged is (at != "apicalls.callers.caller_seen")


def test_a_bug_is_logged_with_its_request_id_and_without_the_query(
    ask, call, worker, monkeypatch, caplog
):
    monkeypatch.setattr(answers, "compliance_rows", _raise(ValueError("a bug")))
    with caplog.at_level(logging.INFO):
        logging.getLogger("django.request").addHandler(caplog.handler)
        try:
            response = ask(call)
        finally:
            logging.getLogger("django.request").removeHandler(caplog.handler)
    text = caplog.text
    assert "a bug" in text
    assert response["X-Request-Id"] in text
    assert "10482" not in text
    assert call.client_secret not in text


def test_a_refusal_leaves_nothing_of_the_question_in_the_log(ask, call, worker, caplog):
    with caplog.at_level(logging.DEBUG):
        for query in ("workerIDNumber=10482", "workerIDNumber=777", "firstName=Dana"):
            ask(call, query)
    assert "10482" not in caplog.text
    assert "777" not in caplog.text
    assert call.client_secret not in caplog.text
