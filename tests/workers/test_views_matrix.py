"""The page of the matrix report, and its export."""

import csv
import io
import re
from html import unescape

import pytest
from python_calamine import CalamineWorkbook

from accounts.models import AuditEvent
from workers import services, views
from workers.models import Division

MATRIX = "/workers/matrix/"
EXPORTS = [f"{MATRIX}export/{file_type}/" for file_type in ("csv", "excel-csv", "xlsx")]
PAGES = [MATRIX, *EXPORTS]


@pytest.fixture
def as_viewer(client_of, viewer):
    return client_of(viewer)


@pytest.fixture
def asked(company, dana, first_aid, crane_operator, welder, edmonton_depot):
    """First Aid is required of Dana, a crane operator, who has it for three years, and optional
    for Bo, a welder at the depot."""
    for position, level in ((crane_operator, "required"), (welder, "optional")):
        services.assignment_set(
            company=company, requirement=first_aid, position=position, level=level, by=None
        )
    services.worker_add(
        company=company,
        by=None,
        id_number="=1+1",
        first_name="Bo",
        last_name="Lee",
        position=welder,
        location=edmonton_depot,
    )
    services.record_add(
        company=company,
        worker=dana,
        requirement=first_aid,
        by=None,
        state="approved",
        completed_on="2026-01-05",
        expires_on="2998-01-05",
    )
    return first_aid


def text_of(response):
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def body_of(response):
    return b"".join(response.streaming_content)


def names_of(response):
    return [row.worker.first_name for row in response.context["rows"]]


# --- Who may what ----------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_who_is_not_signed_in_is_sent_to_sign_in(client, db, page):
    response = client.get(page)
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in/?next=/")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("who", ["admin", "viewer"])
def test_everybody_of_the_company_may_read_it(client_of, request, asked, page, who):
    response = client_of(request.getfixturevalue(who)).get(page)
    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-store"


def test_there_is_no_other_type_of_file(as_viewer):
    assert as_viewer.get(f"{MATRIX}export/pdf/").status_code == 404


def test_another_company_sees_nothing_of_it(client_of, outsider, asked):
    client = client_of(outsider)
    assert "Dana" not in client.get(MATRIX).content.decode()
    assert "Dana" not in body_of(client.get(EXPORTS[0])).decode()
    assert "First Aid" not in body_of(client.get(EXPORTS[0])).decode()


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?size=100",
        "?q=a&status=not_compliant&item=missing&component=certificate&activity=all",
        "?division={division}&location={location}&position={position}",
    ],
)
def test_the_page_takes_few_queries_whatever_the_amount_of_data(
    as_viewer, company, asked, dana, query, django_assert_max_num_queries
):
    for number in range(30):
        services.requirement_add(company=company, by=None, component="policy", name=f"R{number}")
    services.workers_add(
        company=company,
        by=None,
        workers=[
            {"first_name": f"N{number}", "last_name": "Lee", "position": dana.position}
            for number in range(120)
        ],
    )
    places = {
        "division": dana.location.division_id,
        "location": dana.location_id,
        "position": dana.position_id,
    }
    as_viewer.get(MATRIX + "?size=100")  # the number of rows is remembered once
    with django_assert_max_num_queries(10):
        assert as_viewer.get(MATRIX + query.format(**places)).status_code == 200


# --- The page --------------------------------------------------------------------------


def test_each_cell_says_its_status_in_short_and_in_full(as_viewer, asked, dana):
    page = as_viewer.get(MATRIX).content.decode()
    assert 'title="Current, 2998-01-05"' in page
    assert '<span aria-hidden="true">OK</span>' in page
    assert '<span class="visually-hidden">Current, 5 Jan 2998</span>' in page
    assert 'class="badge tone-negative is-optional" title="Missing (optional)"' in page
    assert f'href="/workers/{dana.pk}/"' in page
    assert "Dana Okafor 100 % · Compliant" in text_of(as_viewer.get(MATRIX))
    assert "Bo Lee Nothing required" in text_of(as_viewer.get(MATRIX))


def test_who_is_not_asked_has_an_empty_cell_that_says_so(as_viewer, company, asked):
    services.worker_add(company=company, by=None, first_name="Cy", last_name="Lee")
    assert "Cy Lee Nothing required – Not asked" in text_of(as_viewer.get(MATRIX))


def test_it_is_a_region_that_the_keyboard_can_scroll(as_viewer, asked):
    page = as_viewer.get(MATRIX).content.decode()
    assert 'role="region" tabindex="0" aria-label="Matrix of workers and requirements"' in page
    assert '<th scope="row">' in page


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Bo", "Dana"]),
        ("?q=dana", ["Dana"]),
        ("?status=compliant", ["Dana"]),
        ("?item=missing", ["Bo"]),
        ("?item=missing&component=policy", []),
        ("?division={division}", ["Dana"]),
        ("?location={location}", ["Dana"]),
        ("?position={position}", ["Dana"]),
        ("?activity=inactive", []),
        ("?division=nonsense", []),
        ("?q=%00", []),
        ("?page=99&columns=x", ["Bo", "Dana"]),
    ],
)
def test_the_report_is_filtered(as_viewer, asked, dana, query, names):
    query = query.format(
        division=Division.objects.get().pk, location=dana.location_id, position=dana.position_id
    )
    response = as_viewer.get(MATRIX + query)
    assert response.status_code == 200
    assert names_of(response) == names
    if not names:
        assert "Nobody found" in text_of(response)


def test_a_component_leaves_its_requirements(as_viewer, company, asked):
    services.requirement_add(company=company, by=None, component="policy", name="Site Rules")
    response = as_viewer.get(MATRIX + "?component=policy")
    assert [one.name for one in response.context["requirements"]] == ["Site Rules"]


def test_inactive_requirements_have_no_column(as_viewer, company, asked):
    services.requirement_change(company=company, requirement=asked, by=None, is_active=False)
    response = as_viewer.get(MATRIX)
    assert list(response.context["requirements"]) == []
    assert "Nothing to report yet" in text_of(response)


def test_requirements_beside_each_other_are_bounded(as_viewer, company, asked):
    for number in range(12):
        services.requirement_add(company=company, by=None, component="policy", name=f"R{number:02}")
    first = as_viewer.get(MATRIX)
    assert len(first.context["requirements"]) == 10
    assert "Requirements 1 to 10 of 13" in text_of(first)
    second = as_viewer.get(MATRIX + "?columns=2")
    assert [one.name for one in second.context["requirements"]] == ["R09", "R10", "R11"]


# --- The export ------------------------------------------------------------------------


def test_the_csv_holds_the_filtered_report(as_viewer, asked, viewer):
    response = as_viewer.get(EXPORTS[0], {"activity": "all"})
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert re.search(r'filename="matrix-\d{4}-\d\d-\d\d\.csv"', response["Content-Disposition"])
    rows = list(csv.reader(io.StringIO(body_of(response).decode())))
    assert [(row[0], row[1], row[7], row[9]) for row in rows] == [
        ("ID#", "First name", "Compliance", "First Aid"),
        ("'=1+1", "Bo", "Nothing required", "Missing (optional)"),
        ("10482", "Dana", "Compliant", "Current"),
    ]
    event = AuditEvent.objects.latest("pk")
    assert (event.actor, event.action) == (viewer, "exported the matrix report")


def test_the_csv_for_excel_says_that_it_is_utf_8(as_viewer, asked):
    assert body_of(as_viewer.get(EXPORTS[1])).startswith(b"\xef\xbb\xbf")


def test_the_xlsx_holds_the_filtered_report(as_viewer, asked):
    response = as_viewer.get(EXPORTS[2], {"q": "bo"})
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(body_of(response))).get_sheet_by_index(0)
    rows = sheet.to_python()
    assert [row[0] for row in rows] == ["ID#", "=1+1"]
    assert rows[1][9] == "Missing (optional)"


def test_the_export_has_all_requirements_not_only_a_page_of_them(as_viewer, company, asked):
    for number in range(20):
        services.requirement_add(company=company, by=None, component="policy", name=f"R{number}")
    header = body_of(as_viewer.get(EXPORTS[0], {"columns": "2"})).decode().splitlines()[0]
    assert header.count(",") + 1 == 9 + 21


@pytest.mark.parametrize("export", EXPORTS)
def test_a_filter_that_means_nothing_exports_nobody(as_viewer, asked, export):
    response = as_viewer.get(export, {"division": "nonsense"})
    assert response.status_code == 200
    assert b"Dana" not in body_of(response)


def test_too_much_for_an_excel_file_is_said(as_viewer, asked, monkeypatch):
    monkeypatch.setattr(views.matrix, "XLSX_CELLS_LIMIT", 19)
    response = as_viewer.get(EXPORTS[2], {"activity": "all"}, follow=True)
    assert response.redirect_chain == [(f"{MATRIX}?activity=all", 302)]
    assert "That is too much for an Excel file." in text_of(response)
    assert as_viewer.get(EXPORTS[0]).status_code == 200
