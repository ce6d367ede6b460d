import re
from html import unescape

import pytest

from apicalls.documents import DOCUMENTS
from apicalls.options import PARAMETERS
from apicalls.rehearsal import REHEARSAL_ID_NUMBERS
from workers.compliance import Status, WorkerStatus
from workhub.problem_types import PROBLEM_TYPES


@pytest.fixture
def page(client, db):
    return client.get("/docs/").content.decode()


def text_of(html):
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html)))


def row_of(page, code):
    """Return the text of the first table row whose head is that code."""
    row, *_ = [
        text_of(row)
        for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL)
        if re.search(rf'<th scope="row">(<a[^>]*>)?<code>{re.escape(code)}</code>', row)
    ]
    return row


@pytest.mark.parametrize("path", ["/docs/", "/docs/try/"])
def test_it_is_for_everybody_and_asks_no_database(db, client, django_assert_num_queries, path):
    with django_assert_num_queries(0):
        response = client.get(path)
    assert response.status_code == 200
    assert client.head(path).status_code == 200
    assert "sessionid" not in response.cookies


@pytest.mark.parametrize("path", ["/docs/", "/docs/try/"])
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_it_is_read_only(client, db, path, method):
    assert getattr(client, method)(path).status_code == 405


@pytest.mark.parametrize("path", ["/docs/", "/docs/try/"])
def test_it_tells_no_company_s_data(client_of, admin, company, path):
    page = client_of(admin).get(path).content.decode()
    main = re.search(r"<main.*</main>", page, re.DOTALL)[0]
    assert company.name not in main


def test_every_address_is_there_with_its_samples(page):
    for name, document in DOCUMENTS.items():
        assert f'id="{name}"' in page
        assert f"GET /api/v1/{name}" in page
        assert f"&lt;{document.root}" in page
        assert f"/api/v1/schemas/{name}.xsd" in page


def test_every_parameter_is_there(page):
    for name in PARAMETERS:
        assert f'<th scope="row"><code>{name}</code></th>' in page


def test_a_parameter_says_what_it_takes(page):
    assert "a whole number from 1 to 366" in row_of(page, "withinDays")
    assert "true, false" in row_of(page, "stream")
    assert "Sent if and only if it is ticked." in row_of(page, "workerIDNumber")
    assert "ticked" not in row_of(page, "status")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("validThrough.lapsing[].lapsesOn", "day"),
        ("workers[].worker.email", "text or null In the field group contact."),
        ("changes[].requirement.name", "text"),
        ("requirements[].item.daysLeft", "whole number or null"),
        ("apiCall.websiteAddress", "text"),
    ],
)
def test_members_are_named_by_their_way(page, path, words):
    assert words in row_of(page, path)


def test_every_status_says_whether_it_counts(page):
    for status in (*Status, *WorkerStatus):
        assert f'<th scope="row"><code>{status}</code></th>' in page
    assert row_of(page, "coming_due").endswith("yes")
    assert row_of(page, "expired").endswith("no")
    assert row_of(page, "waiting_for_approval").endswith("as the company chose")
    assert "Read a status that your program does not know as not compliant." in text_of(page)


def test_every_error_leads_to_its_page(page, client):
    for code in PROBLEM_TYPES:
        assert f'href="/problems/{code}"' in page


def test_every_rehearsal_says_what_it_answers(page):
    assert row_of(page, "TEST-UNAVAILABLE").strip() == (
        "TEST-UNAVAILABLE503 temporarily_unavailable, with Retry-After: 1."
    )
    for id_number in REHEARSAL_ID_NUMBERS:
        assert id_number in page


def test_its_contents_lead_to_its_sections(page):
    contents = set(re.findall(r'<li><a href="#([\w-]+)">', page))
    assert len(contents) == 17
    assert contents <= set(re.findall(r'<h2 id="([\w-]+)">', page))


def test_swagger_ui_is_our_own_and_reads_our_document(client, db):
    page = client.get("/docs/try/").content.decode()
    assert 'data-openapi="/api/v1/openapi.json"' in page
    assert "vendor/swagger-ui/swagger-ui-bundle.js" in page
