"""The pages of imports."""

import uuid
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, Role, User
from tests.conftest import PASSWORD
from tests.workers.imports import as_csv, checked, mapped, run_background, uploaded
from tests.workers.test_import_services import interrupted
from workers.imports import limits, template
from workers.imports.models import DataImport, ImportRow
from workers.imports.reading import open_table
from workers.models import Worker
from workers.services import imports

LIST = "/workers/imports/"
ADD = LIST + "add/"
ONE = LIST + "{code}/"
FOR_EVERYBODY = [LIST, ONE, ONE + "progress/", ONE + "bad-rows.csv", ONE + "bad-rows.xlsx"]
TEMPLATES = [
    LIST + f"template/{kind}.{form}" for kind in ("workers", "records") for form in ("csv", "xlsx")
]
TO_READ = [ONE + "columns/"]
TO_POST = [ONE + step for step in ("check/", "apply/", "cancel/", "restart/")]

HEADINGS = ("ID#", "First name", "Last name", "Position")
KIM = ("1", "Kim", "Lee", "Rigger")
BAD = ("2", "", "=1+1", "Rigger")


@pytest.fixture
def manager(company):
    return User.objects.create_user(
        "manager@northern.example", PASSWORD, company=company, role=Role.MANAGER
    )


@pytest.fixture
def ready(company, admin):
    """An import with a preview: one row to be created, one that is bad."""
    return checked(company, HEADINGS, KIM, BAD, by=admin)


@pytest.fixture
def managers_client(client_of, manager):
    return client_of(manager)


def file_of(*rows, name="people.csv", content=None):
    return SimpleUploadedFile(name, as_csv(*rows) if content is None else content)


def upload(client, *rows, **options):
    data = {"kind": "workers", "code": str(uuid.uuid4()), "file": file_of(*rows, **options)}
    return client.post(ADD, data)


def text(response):
    if response.streaming:
        return b"".join(response.streaming_content).decode("utf-8-sig")
    return response.content.decode()


# --- Who gets in -----------------------------------------------------------------------


@pytest.mark.parametrize("address", [*FOR_EVERYBODY, *TEMPLATES, *TO_READ])
def test_who_is_not_signed_in_is_sent_to_sign_in(client, ready, address):
    response = client.get(address.format(code=ready.code))
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in/?next=/workers/imports/")


@pytest.mark.parametrize("address", [ADD, *TO_POST])
def test_who_is_not_signed_in_changes_nothing(client, ready, address):
    response = client.post(address.format(code=ready.code))
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in/")
    ready.refresh_from_db()
    assert (ready.state, DataImport.objects.count()) == ("ready", 1)


@pytest.mark.parametrize("address", [*FOR_EVERYBODY, *TEMPLATES])
def test_everybody_of_the_company_may_look(client_of, viewer, ready, address):
    response = client_of(viewer).get(address.format(code=ready.code))
    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("address", TO_READ)
def test_a_viewer_does_not_get_to_what_is_for_changing(client_of, viewer, ready, address):
    assert client_of(viewer).get(address.format(code=ready.code)).status_code == 403


@pytest.mark.parametrize("address", [ADD, *TO_POST])
def test_a_viewer_imports_nothing(client_of, viewer, ready, address):
    response = client_of(viewer).post(
        address.format(code=ready.code),
        {"kind": "workers", "code": str(uuid.uuid4()), "file": file_of(HEADINGS, KIM)},
    )
    assert response.status_code == 403
    ready.refresh_from_db()
    assert (ready.state, DataImport.objects.count()) == ("ready", 1)


def test_a_viewer_is_offered_nothing_to_change(client_of, viewer, ready):
    client = client_of(viewer)
    assert 'type="file"' not in client.get(LIST).content.decode()
    page = client.get(f"{LIST}{ready.code}/").content.decode()
    assert "Kim Lee" in page
    assert "/apply/" not in page
    assert "/cancel/" not in page


@pytest.mark.parametrize("address", [*FOR_EVERYBODY[1:], *TO_READ])
def test_imports_of_another_company_do_not_exist(client_of, outsider, ready, address):
    assert client_of(outsider).get(address.format(code=ready.code)).status_code == 404


@pytest.mark.parametrize("address", TO_POST)
def test_imports_of_another_company_are_not_touched(client_of, outsider, ready, address):
    assert client_of(outsider).post(address.format(code=ready.code)).status_code == 404
    ready.refresh_from_db()
    assert ready.state == "ready"


def test_imports_of_another_company_are_not_listed(client_of, outsider, ready):
    assert "people.csv" not in client_of(outsider).get(LIST).content.decode()


@pytest.mark.parametrize("address", [ADD, *TO_POST])
def test_a_form_of_another_site_changes_nothing(manager, ready, address):
    client = Client(enforce_csrf_checks=True)
    client.force_login(manager, backend="allauth.account.auth_backends.AuthenticationBackend")
    data = {"kind": "workers", "code": str(uuid.uuid4()), "file": file_of(HEADINGS, KIM)}
    response = client.post(address.format(code=ready.code), data)
    assert response.status_code == 403
    ready.refresh_from_db()
    assert (ready.state, DataImport.objects.count()) == ("ready", 1)


@pytest.mark.parametrize(
    "address", ["template/people.csv", "template/workers.exe", "{code}/bad-rows.exe"]
)
def test_files_that_there_are_none_of(managers_client, ready, address):
    assert managers_client.get(LIST + address.format(code=ready.code)).status_code == 404


def test_pages_take_few_queries_whatever_the_amount_of_data(
    managers_client, company, admin, ready, django_assert_max_num_queries
):
    for number in range(30):
        uploaded(company, HEADINGS, (str(number), "A", "B", ""), by=admin)
    ImportRow.objects.bulk_create(
        ImportRow(data_import=ready, line=line, cells=["", "", "", ""], outcome="create")
        for line in range(10, 3000)
    )
    for address in [*FOR_EVERYBODY[:3], ONE + "columns/", ONE + "?show=create&after=500"]:
        with django_assert_max_num_queries(10):
            managers_client.get(address.format(code=ready.code))


# --- From upload to import -------------------------------------------------------------


def test_a_file_goes_from_upload_to_import_page_by_page(managers_client, company, manager):
    response = upload(managers_client, HEADINGS, KIM, ("2", "", "Doe", "Rigger"))
    data_import = DataImport.objects.get()
    at = f"{LIST}{data_import.code}/"
    assert response["Location"] == at
    response = managers_client.get(at)
    assert response["Location"] == at + "columns/"
    page = managers_client.get(at + "columns/").content.decode()
    assert '<option value="id_number" selected>ID#</option>' in page
    chosen = {
        f"column_{number}": name
        for number, name in enumerate(("id_number", "first_name", "last_name", "position"))
    }
    response = managers_client.post(
        at + "check/", chosen | {"date_order": "day_first", "create_places": "on"}
    )
    assert response["Location"] == at
    page = managers_client.get(at).content.decode()
    assert "Kim Lee (1)" in page
    assert "To be created on the way" in page
    assert "This field cannot be blank." in page
    assert not Worker.objects.exists()

    response = managers_client.post(at + "apply/", follow=True)
    assert "Nothing was imported: some rows are bad." in response.content.decode()
    assert not Worker.objects.exists()

    response = managers_client.post(at + "apply/", {"leave_out_bad": "on"}, follow=True)
    assert "See the workers" in response.content.decode()
    assert Worker.objects.get().full_name == "Kim Lee"
    assert AuditEvent.objects.get(action="imported").actor == manager
    # What was bad can still be fetched.
    assert "cannot be blank" in text(managers_client.get(at + "bad-rows.csv"))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "Choose a file."),
        ({"file": file_of(HEADINGS), "kind": "robots"}, "Select a valid choice."),
    ],
)
def test_an_upload_that_is_no_form_of_ours_is_told(managers_client, data, words):
    response = managers_client.post(ADD, {"kind": "workers", "code": str(uuid.uuid4())} | data)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not DataImport.objects.exists()


def test_a_file_that_is_too_large_is_kept_nowhere(managers_client, monkeypatch):
    monkeypatch.setattr(limits, "FILE_BYTES", limits.MEGABYTE)
    response = upload(managers_client, content=b"x" * (3 * limits.MEGABYTE))
    assert response.status_code == 422
    page = response.content.decode()
    assert "The file is larger than 1 MB. Split it" in page
    assert "Choose a file." not in page
    assert not DataImport.objects.exists()


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n"], ids=["empty", "picture"])
def test_a_file_that_is_no_table_says_what_to_do(managers_client, content):
    response = upload(managers_client, content=content, name="people.xlsx")
    page = managers_client.get(response["Location"]).content.decode()
    assert "Nothing was imported." in page
    assert "Upload another file" in page


def test_a_choice_of_columns_that_cannot_be_is_told(managers_client, company):
    data_import = uploaded(company, HEADINGS, KIM)
    response = managers_client.post(
        f"{LIST}{data_import.code}/check/",
        {"column_0": "first_name", "column_1": "first_name", "date_order": "day_first"},
    )
    assert response.status_code == 422
    page = response.content.decode()
    assert "Choose the column of the ID#" in page
    assert page.count("Another column is chosen for this as well.") == 2
    data_import.refresh_from_db()
    assert data_import.state == "mapping"


def test_columns_without_a_heading_have_a_number(managers_client, company):
    data_import = uploaded(company, ("ID#", "", "x"), ("1", "2", "<b>3</b>"))
    page = managers_client.get(f"{LIST}{data_import.code}/columns/").content.decode()
    assert "Column 2" in page
    assert "&lt;b&gt;3&lt;/b&gt;" in page


def test_the_rows_can_be_looked_through(managers_client, company, monkeypatch):
    monkeypatch.setattr("workers.views.imports.ROWS_SHOWN", 2)
    rows = [(str(number), "Kim", f"Lee{number}", "") for number in range(1, 6)]
    data_import = checked(company, HEADINGS, *rows, ("9", "", "Doe", ""))
    at = f"{LIST}{data_import.code}/"
    first = managers_client.get(at).content.decode()
    assert "Lee2" in first
    assert "Lee3" not in first
    assert "?after=3" in first
    assert "Lee4" in managers_client.get(at + "?after=3").content.decode()
    bad = managers_client.get(at + "?show=bad").content.decode()
    assert "Doe" in bad
    assert "Lee1" not in bad


@pytest.mark.parametrize("query", ["?show=robot", "?after=x", "?after=-1", "?after=" + "9" * 30])
def test_a_filter_that_means_nothing_shows_all(managers_client, ready, query):
    response = managers_client.get(f"{LIST}{ready.code}/{query}")
    assert "Kim Lee" in response.content.decode()


def test_an_import_can_be_cancelled(managers_client, ready):
    response = managers_client.post(f"{LIST}{ready.code}/cancel/", follow=True)
    assert "Cancelled. Nothing was imported" in response.content.decode()
    page = managers_client.get(f"{LIST}{ready.code}/").content.decode()
    assert "the file is deleted" in page
    response = managers_client.post(f"{LIST}{ready.code}/cancel/", follow=True)
    assert "That is not possible any more: cancelled." in response.content.decode()


@pytest.mark.parametrize("step", ["check/", "columns/"])
def test_columns_are_not_chosen_of_what_is_over(managers_client, ready, step):
    imports.import_cancel(data_import=ready, by=None)
    method = managers_client.post if step == "check/" else managers_client.get
    assert method(f"{LIST}{ready.code}/{step}")["Location"] == f"{LIST}{ready.code}/"


# --- While it is worked on -------------------------------------------------------------


@pytest.fixture
def at_work(company, monkeypatch):
    """An import that is being read."""
    monkeypatch.setattr(imports, "SMALL_BYTES", -1)
    data_import = uploaded(company, HEADINGS, KIM)
    DataImport.objects.update(
        is_started=True, rows_done=42_000, rows_total=100_000, heartbeat_at=timezone.now()
    )
    data_import.refresh_from_db()
    return data_import


def test_the_page_shows_how_far_it_is_and_asks_anew(managers_client, at_work):
    page = managers_client.get(f"{LIST}{at_work.code}/").content.decode()
    assert '<progress value="42000" max="100000"' in page
    assert "42,000 of 100,000 lines" in page
    assert f'hx-get="{LIST}{at_work.code}/progress/"' in page
    assert '<noscript><meta http-equiv="refresh"' in page
    part = managers_client.get(f"{LIST}{at_work.code}/progress/").content.decode()
    assert '<progress value="42000" max="100000"' in part
    assert "<html" not in part


def test_the_page_comes_anew_when_the_work_is_done(managers_client, at_work):
    run_background()
    response = managers_client.get(f"{LIST}{at_work.code}/progress/")
    assert response["HX-Refresh"] == "true"


def test_what_waits_for_its_turn_says_so(managers_client, at_work):
    DataImport.objects.update(is_started=False)
    page = managers_client.get(f"{LIST}{at_work.code}/").content.decode()
    assert "Waiting for its turn" in page


def test_what_was_interrupted_can_be_begun_anew(managers_client, at_work):
    interrupted(at_work, "reading")
    page = managers_client.get(f"{LIST}{at_work.code}/").content.decode()
    assert "Nothing was heard of this for a minute." in page
    managers_client.post(f"{LIST}{at_work.code}/restart/")
    run_background()
    at_work.refresh_from_db()
    assert at_work.state == "mapping"


def test_what_is_being_worked_on_is_not_begun_anew(managers_client, at_work):
    response = managers_client.post(f"{LIST}{at_work.code}/restart/", follow=True)
    assert "It is being worked on." in response.content.decode()


# --- Files to take away ----------------------------------------------------------------


def test_bad_rows_come_as_they_were_with_what_is_wrong(managers_client, ready):
    lines = text(managers_client.get(f"{LIST}{ready.code}/bad-rows.csv")).splitlines()
    assert lines == [
        "ID#,First name,Last name,Position,What is wrong",
        # A spreadsheet would take it for a formula, but for the mark before it.
        "2,,'=1+1,Rigger,First name: This field cannot be blank.",
    ]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_bad_rows_can_be_fixed_and_uploaded_again(managers_client, company, ready, form):
    response = managers_client.get(f"{LIST}{ready.code}/bad-rows.{form}")
    assert response["Content-Disposition"] == f'attachment; filename="people bad rows.{form}"'
    again = uploaded(company, content=b"".join(response.streaming_content))
    # The reason is no field, so its column is left out.
    assert again.columns == {"id_number": 0, "first_name": 1, "last_name": 2, "position": 3}
    row = ImportRow.objects.get(data_import=again)
    assert row.cells == ["2", "", "=1+1", "Rigger", "First name: This field cannot be blank."]
    ImportRow.objects.update(cells=["2", "", "=1+1", "Rigger", "x"])
    mapped(again)
    third = text(managers_client.get(f"{LIST}{again.code}/bad-rows.csv")).splitlines()
    # And there is one column of reasons, however often that is done.
    assert third[0] == "ID#,First name,Last name,Position,What is wrong"


def test_without_bad_rows_there_is_no_file_of_them(managers_client, company):
    data_import = checked(company, HEADINGS, KIM)
    assert managers_client.get(f"{LIST}{data_import.code}/bad-rows.csv").status_code == 404


@pytest.mark.parametrize("kind", ["workers", "records"])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_template_needs_no_choice_of_columns(managers_client, company, kind, form):
    response = managers_client.get(f"{LIST}template/{kind}.{form}")
    assert response["Content-Disposition"] == f'attachment; filename="workhub-{kind}.{form}"'
    with open_table(b"".join(response.streaming_content)) as table:
        assert table.headings[:4] == ["ID#", "First name", "Middle name", "Last name"]
        assert list(table.rows) == []
    if form == "xlsx":
        assert (table.sheet, table.other_sheets) == (kind.capitalize(), 1)


def test_the_template_keeps_zeros_in_front(company):
    with zipfile.ZipFile(template.workbook("workers")) as parts:
        styles = parts.read("xl/styles.xml").decode()
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    # 49 is Excel's format for text.
    assert 'numFmtId="49"' in styles
    assert '<col min="1" max="1" width="14.7109375" style="1"' in sheet
    assert 'dataValidation type="list"' in sheet


def test_a_template_that_was_filled_in_is_imported(managers_client, company):
    with open_table(template.workbook("workers").getvalue()) as table:
        headings = table.headings
    row = ["00417", "Siobhán", "", "O'Brien"] + [""] * (len(headings) - 4)
    data_import = checked(company, headings, row)
    imports.import_apply(data_import=data_import, by=None)
    assert Worker.objects.get().id_number == "00417"
