"""The pages of workers: the list and its export, the profile, adding and changing."""

import csv
import io
import re
import uuid
from datetime import date

import pytest
from django.contrib.sessions.middleware import SessionMiddleware
from django.test import Client
from python_calamine import CalamineWorkbook

from accounts.models import AuditEvent, Role, User
from tests.conftest import PASSWORD
from workers import listing, services
from workers.compliance import summary
from workers.models import Position, Worker
from workers.selectors import compliance_find
from workers.services import ChangedMeanwhile
from workers.views import workers as views

LIST = "/workers/"
WORKER = "/workers/{worker}/"
FOR_EVERYBODY = [
    LIST,
    LIST + "export/csv/",
    LIST + "export/xlsx/",
    LIST + "lookup-quality/",
    LIST + "suggestions/",
    WORKER,
]
FOR_MANAGERS_TO_READ = [LIST + "add/", WORKER + "change/", WORKER + "deactivate/"]
FOR_MANAGERS_TO_POST = [*FOR_MANAGERS_TO_READ, WORKER + "reactivate/"]
A_WORKER = {
    "id_number": "20000",
    "first_name": "Abel",
    "last_name": "Tesfaye",
    "worker_type": "contractor",
}


@pytest.fixture
def manager(company) -> User:
    return User.objects.create_user(
        "manager@northern.example", PASSWORD, name="Max Manager", company=company, role=Role.MANAGER
    )


@pytest.fixture
def at(dana):
    """Return a function that puts Dana into an address."""
    return lambda address: address.format(worker=dana.pk)


@pytest.fixture
def managers_client(client_of, manager):
    return client_of(manager)


@pytest.fixture
def viewers_client(client_of, viewer):
    return client_of(viewer)


@pytest.fixture
def filled(company):
    """Return a function that gives the form's fields for a worker as stored, and others."""

    def fields(worker, **others):
        stored = Worker.objects.get(pk=worker.pk)
        return {
            "id_number": stored.id_number,
            "first_name": stored.first_name,
            "middle_name": stored.middle_name,
            "last_name": stored.last_name,
            "email": stored.email,
            "worker_type": stored.worker_type,
            "position": stored.position_id or "",
            "location": stored.location_id or "",
            "supervisor": "",
            "hired_on": "",
            "seen": services.worker_digest(stored),
        } | others

    return fields


@pytest.fixture
def certified(company, dana, asked_first_aid):
    """Dana's First Aid, valid to the tenth of a month ahead, with the record it follows."""
    for number, expires_on in (("FA-1", date(2020, 1, 10)), ("FA-2", date(2999, 1, 10))):
        services.record_add(
            company=company,
            worker=dana,
            requirement=asked_first_aid,
            by=None,
            state="approved",
            completed_on=date(2019, 1, 10),
            expires_on=expires_on,
            certificate_number=number,
            issuer="Red Cross",
        )
    return asked_first_aid


def text_of(response):
    """The words of a page, blanks collapsed."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    words = " ".join(re.sub(r"<[^>]+>", " ", body).split())
    return words.replace(" ,", ",")


def listed(response):
    return [line.worker.first_name for line in response.context["listed"]]


def notices(response):
    return [str(message) for message in response.context["messages"]]


def downloaded(response):
    return b"".join(response.streaming_content)


# --- Who gets in -----------------------------------------------------------------------


@pytest.mark.parametrize("address", FOR_EVERYBODY + FOR_MANAGERS_TO_READ)
def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(client, at, address):
    response = client.get(at(address))
    assert response.status_code == 302
    assert response["Location"] == f"/sign-in/?next={at(address)}"


@pytest.mark.parametrize("who", ["admin", "manager", "viewer"])
@pytest.mark.parametrize("address", FOR_EVERYBODY)
def test_everybody_of_the_company_may_look(client_of, at, address, who, request):
    response = client_of(request.getfixturevalue(who)).get(at(address))
    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("address", FOR_MANAGERS_TO_READ)
def test_admins_and_managers_may_change(client_of, admin, manager, at, address):
    assert client_of(manager).get(at(address)).status_code == 200
    assert client_of(admin).get(at(address)).status_code == 200


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("address", FOR_MANAGERS_TO_POST)
def test_viewers_change_nothing(viewers_client, dana, at, filled, method, address):
    events = AuditEvent.objects.count()
    response = getattr(viewers_client, method)(at(address), filled(dana, first_name="Mallory"))
    assert response.status_code == 403
    assert AuditEvent.objects.count() == events


def test_viewers_see_no_buttons(viewers_client, at, certified):
    for address in (LIST, WORKER):
        page = viewers_client.get(at(address)).content.decode()
        for path in ("add", "change", "deactivate", "renew", "approve"):
            assert not re.search(rf"/workers/[\w/]*{path}/", page)


@pytest.mark.parametrize("address", [WORKER, WORKER + "change/", WORKER + "deactivate/"])
def test_workers_of_another_company_do_not_exist(client_of, outsider, at, address):
    assert client_of(outsider).get(at(address)).status_code == 404


@pytest.mark.parametrize("address", ["change/", "deactivate/", "reactivate/"])
def test_workers_of_another_company_are_not_changed(client_of, outsider, dana, at, filled, address):
    response = client_of(outsider).post(at(WORKER + address), filled(dana, first_name="Mallory"))
    assert response.status_code == 404
    dana.refresh_from_db()
    assert (dana.first_name, dana.is_active) == ("Dana", True)


@pytest.mark.parametrize("pk", ["0", "9" * 30])
def test_a_number_that_is_nobodys_does_not_exist(viewers_client, pk):
    assert viewers_client.get(f"/workers/{pk}/").status_code == 404


@pytest.mark.parametrize("address", FOR_MANAGERS_TO_POST)
def test_a_form_of_another_site_changes_nothing(admin, dana, at, filled, address):
    events = AuditEvent.objects.count()
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post(at(address), filled(dana)).status_code == 403
    assert AuditEvent.objects.count() == events


# --- The list --------------------------------------------------------------------------


def test_the_list_says_how_each_worker_stands(viewers_client, certified):
    text = text_of(viewers_client.get(LIST))
    assert "Dana Okafor 10482 Crane Operator Calgary Yard 100% Compliant" in text
    assert "1 to 1 of 1" in text


def test_main_navigation_says_where_one_is(viewers_client, dana, at):
    for address in (LIST, WORKER):
        page = viewers_client.get(at(address)).content.decode()
        assert '<a href="/workers/" aria-current="true">Workers</a>' in page
    page = viewers_client.get("/account/company/").content.decode()
    assert '<a href="/workers/">Workers</a>' in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Abel", "Dana"]),
        ("q=okafor", ["Dana"]),
        ("status=compliant", ["Dana"]),
        ("status=nothing_required", ["Abel"]),
        ("status=inactive", ["Ina"]),
        ("activity=inactive", ["Ina"]),
        ("activity=all", ["Abel", "Dana", "Ina"]),
        ("activity=all&status=inactive", ["Ina"]),
        ("item=current", ["Dana"]),
        ("item=expired", []),
        ("type=contractor", ["Abel"]),
        ("position={dana.position_id}", ["Dana"]),
        ("location={dana.location_id}", ["Dana"]),
        ("division={dana.location.division_id}", ["Dana"]),
        ("lookup=no_id_number", ["Abel"]),
        ("lookup=shared_name", []),
        ("sort=-name", ["Dana", "Abel"]),
        ("sort=nonsense", ["Abel", "Dana"]),
        ("q=dana&type=contractor", []),
    ],
)
def test_filters_and_order_are_in_the_address(
    viewers_client, company, dana, certified, query, found
):
    services.worker_add(
        company=company, by=None, first_name="Abel", last_name="Ng", worker_type="contractor"
    )
    services.worker_add(
        company=company, by=None, first_name="Ina", last_name="Ng", id_number="1", is_active=False
    )
    response = viewers_client.get(LIST + "?" + query.format(dana=dana))
    assert listed(response) == found


@pytest.mark.parametrize(
    "query",
    [
        "status=nonsense",
        "item=%00",
        "position=x",
        "position=" + "9" * 40,
        "division=%D9%A1",
        "position={position}",
        "q=%00",
        "q=" + "x" * 101,
    ],
)
def test_a_filter_that_means_nothing_finds_nobody(viewers_client, dana, theirs, query):
    response = viewers_client.get(LIST + "?" + query.format(position=theirs["position"].pk))
    assert response.status_code == 200
    assert listed(response) == []
    assert "Nobody found" in text_of(response)


def test_choices_are_of_the_company(viewers_client, dana, theirs):
    page = viewers_client.get(LIST).content.decode()
    assert "Crane Operator" in page
    assert "Shunter" not in page
    assert "Harbour Terminal" not in page
    assert "Jürgen" not in page


def test_an_empty_list_teaches_how_to_begin(client_of, company, manager, viewer):
    text = text_of(client_of(manager).get(LIST))
    assert "No active workers yet" in text
    assert "Import a spreadsheet" in text
    assert "An admin or manager of your company can add them." in text_of(
        client_of(viewer).get(LIST)
    )


def test_how_many_rows_is_remembered(viewers_client, company):
    services.workers_add(
        company=company,
        by=None,
        workers=[{"first_name": f"W{number:03}", "last_name": "Lee"} for number in range(60)],
    )
    assert len(listed(viewers_client.get(LIST))) == 25
    assert len(listed(viewers_client.get(LIST + "?size=50"))) == 50
    assert len(listed(viewers_client.get(LIST))) == 50
    assert listed(viewers_client.get(LIST + "?size=25&page=3")) == [
        f"W{number:03}" for number in range(50, 60)
    ]
    for nonsense in ("7", "-1", "x", "100000", "%00"):
        assert len(listed(viewers_client.get(f"{LIST}?size={nonsense}"))) == 25


def test_the_way_to_other_pages_keeps_the_filters(viewers_client, company):
    services.workers_add(
        company=company,
        by=None,
        workers=[{"first_name": f"W{number:03}", "last_name": "Lee"} for number in range(60)],
    )
    page = viewers_client.get(LIST + "?q=lee&sort=-name&page=2").content.decode()
    assert 'href="?q=lee&amp;sort=-name&amp;page=3"' in page
    assert 'href="?q=lee&amp;sort=name"' in page
    assert 'href="/workers/export/csv/?q=lee&amp;sort=-name"' in page


def test_the_list_takes_as_many_queries_however_many_workers(
    viewers_client, company, certified, crane_operator, django_assert_max_num_queries
):
    services.workers_add(
        company=company,
        by=None,
        workers=[
            {"first_name": f"W{number}", "last_name": "Lee", "position": crane_operator}
            for number in range(60)
        ],
    )
    everything = (
        f"?q=lee&status=not_compliant&item=missing&position={crane_operator.pk}&size=100"
        "&type=employee&sort=position"
    )
    # The first of them remembers how many rows to show.
    for address in (LIST + "?size=100", LIST, LIST + everything):
        with django_assert_max_num_queries(10):
            assert len(listed(viewers_client.get(address))) >= 60


# --- Look-ups --------------------------------------------------------------------------


def test_the_panel_on_look_ups_comes_after_the_list(viewers_client, dana):
    page = viewers_client.get(LIST).content.decode()
    assert 'hx-get="/workers/lookup-quality/" hx-trigger="load"' in page
    assert '<a href="/workers/lookup-quality/">' in page  # without scripts


def test_look_ups_lead_to_whom_they_miss(viewers_client, company, dana):
    services.worker_add(
        company=company, by=None, first_name="dana", last_name="okafor", is_active=False
    )
    services.worker_add(company=company, by=None, first_name="Nora", last_name="Ng")
    page = viewers_client.get(LIST + "lookup-quality/")
    assert "1 active worker has no ID#" in text_of(page)
    assert "1 full name is shared" in text_of(page)
    links = re.findall(r'href="(/workers/\?lookup=[^"]+)"', page.content.decode())
    found = [listed(viewers_client.get(link.replace("&amp;", "&"))) for link in links]
    assert found == [["Nora"], ["Dana", "dana"]]


def test_look_ups_that_miss_nobody_say_so(viewers_client, dana):
    panel = viewers_client.get(LIST + "lookup-quality/", headers={"HX-Request": "true"})
    assert "<html" not in panel.content.decode()
    assert "Every active worker has an ID#." in text_of(panel)
    assert "No two workers share a full name." in text_of(panel)


def test_counts_of_look_ups_that_stopped_say_so(viewers_client, company, dana, monkeypatch):
    monkeypatch.setattr(listing, "QUALITY_LIMIT", 2)
    for first_name in ("A", "B", "C"):
        services.worker_add(company=company, by=None, first_name=first_name, last_name="Ng")
    assert "≥ 2 active workers have no ID#" in text_of(viewers_client.get(LIST + "lookup-quality/"))


# --- Export ----------------------------------------------------------------------------


def test_the_filtered_list_is_exported_as_csv(viewers_client, company, certified):
    services.worker_add(company=company, by=None, first_name="=1+1", last_name="Ng", id_number="-5")
    response = viewers_client.get(LIST + "export/csv/?sort=-name")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="workers-\d{4}-\d\d-\d\d\.csv"', response["Content-Disposition"]
    )
    text = downloaded(response).decode()
    assert not text.startswith("\ufeff")
    header, *rows = csv.reader(io.StringIO(text))
    assert header[:4] == ["ID#", "First name", "Middle name", "Last name"]
    assert [row[:2] for row in rows] == [["10482", "Dana"], ["'-5", "'=1+1"]]
    assert dict(zip(header, rows[0], strict=True))["Compliance"] == "Compliant"
    only = downloaded(viewers_client.get(LIST + "export/csv/?q=dana")).decode()
    assert len(only.splitlines()) == 2


def test_a_csv_for_excel_has_a_byte_order_mark(viewers_client, dana):
    text = downloaded(viewers_client.get(LIST + "export/excel-csv/")).decode()
    assert text.startswith("\ufeffID#,")


def test_the_filtered_list_is_exported_as_xlsx(viewers_client, company, dana):
    services.worker_add(company=company, by=None, first_name="Abel", last_name="Ng")
    response = viewers_client.get(LIST + "export/xlsx/?q=dana")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(downloaded(response))).get_sheet_by_index(0)
    assert [row[:2] for row in sheet.to_python()] == [["ID#", "First name"], ["10482", "Dana"]]


def test_a_filter_that_means_nothing_exports_nobody(viewers_client, dana):
    text = downloaded(viewers_client.get(LIST + "export/csv/?status=nonsense")).decode()
    assert len(text.splitlines()) == 1


def test_an_export_holds_nobody_of_another_company(viewers_client, dana, theirs):
    text = downloaded(viewers_client.get(LIST + "export/csv/?activity=all")).decode()
    assert "Dana" in text
    assert "Jürgen" not in text


def test_a_workbook_that_would_take_minutes_is_not_begun(viewers_client, dana, monkeypatch):
    monkeypatch.setattr(views, "XLSX_ROWS_LIMIT", 0)
    response = viewers_client.get(LIST + "export/xlsx/?q=dana", follow=True)
    assert response.redirect_chain == [("/workers/?q=dana", 302)]
    assert notices(response) == [
        "An Excel file holds up to 100,000 workers. Narrow the list, or take a CSV file."
    ]


def test_an_export_leaves_its_line_in_the_audit_trail(viewers_client, dana):
    viewers_client.head(LIST + "export/csv/")
    assert not AuditEvent.objects.filter(action="exported workers").exists()
    viewers_client.get(LIST + "export/csv/")
    event = AuditEvent.objects.get(action="exported workers")
    assert (event.actor_name, event.address) == ("Vic Viewer", "127.0.0.1")


def test_other_files_do_not_exist(viewers_client, company):
    assert viewers_client.get(LIST + "export/pdf/").status_code == 404


# --- The profile -----------------------------------------------------------------------


def test_the_profile_says_who_it_is_and_what_is_asked_and_why(
    client_of, admin, company, dana, certified, crane_operator, calgary_yard, at
):
    policy = services.requirement_add(company=company, by=None, component="policy", name="Phones")
    services.assignment_set(
        company=company,
        requirement=policy,
        position=crane_operator,
        location=calgary_yard,
        level="required",
        by=None,
    )
    text = text_of(client_of(admin).get(at(WORKER)))
    assert "Dana Okafor Not compliant ID# 10482 · Crane Operator · Calgary Yard" in text
    assert "50% 1 of 2 required done, 1 left" in text
    assert "Certificate 1 of 1 required done First Aid Required because: Crane Operator" in text
    assert "Current valid to 10 Jan 2999," in text
    assert "Phones Required because: Crane Operator at Calgary Yard Missing" in text


def test_the_profile_counts_as_the_api_answers(client_of, admin, company, dana, certified, at):
    profile = client_of(admin).get(at(WORKER)).context["profile"]
    [found] = compliance_find(company_id=company.pk, today=company.today(), id_number="10482")
    assert profile.summary == summary(found.items, is_active=True)
    assert profile.summary.percent == 100


def test_the_profile_shows_the_history_of_renewals(client_of, admin, certified, at):
    text = text_of(client_of(admin).get(at(WORKER)))
    assert "2 records" in text
    newest, oldest = text.index("FA-2"), text.index("FA-1")
    assert newest < oldest
    assert text.count("counts now") == 1
    assert text.index("counts now") < newest


def test_records_of_what_is_not_asked_stand_apart(client_of, admin, company, dana, first_aid, at):
    services.record_add(
        company=company,
        worker=dana,
        requirement=first_aid,
        by=None,
        state="approved",
        completed_on=date(2025, 1, 1),
    )
    text = text_of(client_of(admin).get(at(WORKER)))
    assert "Nothing is asked of this worker" in text
    assert "Other records" in text
    assert "Nothing required" in text


def test_the_profile_shows_activity_of_the_worker_and_their_records_only(
    client_of, admin, company, dana, asked_first_aid, at, welder
):
    services.worker_change(company=company, worker=dana, by=admin, middle_name="Rae")
    services.record_add(
        company=company,
        worker=dana,
        requirement=asked_first_aid,
        by=admin,
        state="submitted",
        submitted_on=date(2026, 1, 1),
    )
    services.worker_add(company=company, by=admin, first_name="Abel", last_name="Ng")
    events = client_of(admin).get(at(WORKER)).context["events"]
    assert [(event.action, event.subject_type) for event in events] == [
        ("added", "workers.record"),
        ("changed", "workers.worker"),
        ("added", "workers.worker"),
    ]
    assert "Ng" not in str([event.subject_name for event in events])


def test_the_profile_takes_as_many_queries_however_many_records(
    client_of, admin, company, dana, crane_operator, at, django_assert_max_num_queries
):
    supervisor = services.worker_add(company=company, by=None, first_name="Sue", last_name="Visor")
    services.worker_change(company=company, worker=dana, by=None, supervisor=supervisor)
    for number in range(15):
        requirement = services.requirement_add(
            company=company, by=None, component="policy", name=f"Policy {number}"
        )
        services.assignment_set(
            company=company,
            requirement=requirement,
            position=crane_operator,
            level="required",
            by=None,
        )
        services.records_add(
            company=company,
            by=None,
            records=[
                {
                    "worker": dana,
                    "requirement": requirement,
                    "state": state,
                    "submitted_on": date(2026, 1, 1),
                    "approved_by": admin,
                }
                for state in ("approved", "submitted")
            ],
        )
    client = client_of(admin)
    with django_assert_max_num_queries(9):
        client.get(at(WORKER))


# --- Adding ----------------------------------------------------------------------------


def test_a_worker_is_added_and_shown(managers_client, company, manager, crane_operator):
    code = str(uuid.uuid4())
    response = managers_client.post(
        LIST + "add/",
        A_WORKER | {"position": crane_operator.pk, "hired_on": "2026-01-31", "code": code},
        follow=True,
    )
    worker = Worker.objects.get(id_number="20000")
    assert response.redirect_chain == [(f"/workers/{worker.pk}/", 302)]
    assert notices(response) == ["Abel Tesfaye is added."]
    assert (worker.company, worker.position, worker.hired_on, worker.worker_type) == (
        company,
        crane_operator,
        date(2026, 1, 31),
        "contractor",
    )
    assert AuditEvent.objects.get(action="added").actor == manager


def test_a_form_that_is_sent_again_adds_nobody(managers_client):
    form = A_WORKER | {"id_number": "", "code": str(uuid.uuid4())}
    first = managers_client.post(LIST + "add/", form)
    again = managers_client.post(LIST + "add/", form)
    assert again["Location"] == first["Location"]
    assert Worker.objects.count() == 1
    other = managers_client.post(LIST + "add/", form | {"code": str(uuid.uuid4())})
    assert other["Location"] != first["Location"]


def test_a_form_adds_nobody_again_when_the_first_answer_was_cut_off(managers_client, monkeypatch):
    """As when the process is killed between what it wrote and what it would have answered."""

    def killed(self, request, response):
        raise InterruptedError

    form = A_WORKER | {"id_number": "", "code": str(uuid.uuid4())}
    with monkeypatch.context() as patched:
        patched.setattr(SessionMiddleware, "process_response", killed)
        with pytest.raises(InterruptedError):
            managers_client.post(LIST + "add/", form)
    there = Worker.objects.get(last_name=form["last_name"])
    again = managers_client.post(LIST + "add/", form)
    assert again["Location"] == f"/workers/{there.pk}/"
    assert Worker.objects.filter(last_name=form["last_name"]).count() == 1


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"first_name": ""}, "first_name", "This field is required."),
        ({"id_number": " 10482"}, "id_number", "Another worker of the company has this ID#."),
        ({"first_name": "Abel\u2028B"}, "first_name", "Write this on one line, without tabs."),
        ({"email": "abel"}, "email", "Enter a valid email address."),
        ({"worker_type": "robot"}, "worker_type", "Select a valid choice."),
        ({"position": "9" * 40}, "position", "Select a valid choice."),
        ({"position": "{position}"}, "position", "Select a valid choice."),
        ({"location": "{location}"}, "location", "Select a valid choice."),
        ({"supervisor": "Jürgen Weiß"}, "supervisor", "Nobody has this ID# or full name."),
        ({"hired_on": "31.31.2026"}, "hired_on", "Enter a valid date."),
    ],
)
def test_what_cannot_be_added_is_said_at_the_field(
    managers_client, dana, theirs, changes, field, message
):
    typed = {
        name: value.format(position=theirs["position"].pk, location=theirs["location"].pk)
        for name, value in changes.items()
    }
    response = managers_client.post(LIST + "add/", A_WORKER | {"code": str(uuid.uuid4())} | typed)
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert response.context["form"].errors[field][0].startswith(message)
    assert 'value="Tesfaye"' in response.content.decode()
    assert Worker.objects.for_company(dana.company).count() == 1


# --- Supervisor ------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["10482", "dana okafor", "Dana Okafor (10482)"])
def test_a_supervisor_is_named_by_id_number_or_full_name(managers_client, dana, text):
    managers_client.post(LIST + "add/", A_WORKER | {"supervisor": text, "code": str(uuid.uuid4())})
    assert Worker.objects.get(id_number="20000").supervisor == dana


def test_a_supervisor_of_a_shared_name_must_be_named_by_id_number(
    managers_client, company, dana, filled, at
):
    twin = services.worker_add(company=company, by=None, first_name="Dana", last_name="Okafor")
    abel = services.worker_add(
        company=company, by=None, first_name="Abel", last_name="Ng", supervisor=twin
    )
    address = f"/workers/{abel.pk}/change/"
    refused = managers_client.post(address, filled(abel, supervisor="DANA Okafor"))
    assert refused.context["form"].errors["supervisor"] == [
        "More than one worker has this name. Type the ID#."
    ]
    # Left as it was filled in, it stays whom it meant.
    shown = managers_client.get(address).context["form"]["supervisor"].value()
    assert shown == "Dana Okafor"
    managers_client.post(address, filled(abel, supervisor=shown, middle_name="Rae"))
    abel.refresh_from_db()
    assert (abel.supervisor, abel.middle_name) == (twin, "Rae")


def test_nobody_supervises_themselves(managers_client, dana, filled, at):
    response = managers_client.post(at(WORKER + "change/"), filled(dana, supervisor="10482"))
    assert response.context["form"].errors == {
        "supervisor": ["Choose somebody else: nobody supervises themselves."]
    }


def test_suggestions_are_options(viewers_client, dana, theirs):
    response = viewers_client.get(LIST + "suggestions/?supervisor=10482")
    assert (
        response.content.decode().strip().endswith('<option value="Dana Okafor (10482)"></option>')
    )
    assert viewers_client.get(LIST + "suggestions/?supervisor=%00").status_code == 200


# --- Changing --------------------------------------------------------------------------


def test_a_worker_is_changed(managers_client, dana, welder, filled, at, asked_first_aid):
    response = managers_client.post(
        at(WORKER + "change/"), filled(dana, middle_name="Rae", position=welder.pk), follow=True
    )
    assert notices(response) == ["Dana Rae Okafor is saved."]
    dana.refresh_from_db()
    assert (dana.middle_name, dana.position) == ("Rae", welder)
    # What was asked of crane operators is not asked of welders, from now on.
    assert response.context["profile"].summary.status == "nothing_required"


def test_what_cannot_be_saved_is_said_at_the_field(managers_client, company, dana, filled, at):
    services.worker_add(company=company, by=None, first_name="A", last_name="B", id_number="7")
    response = managers_client.post(
        at(WORKER + "change/"), filled(dana, id_number="7", last_name="New")
    )
    assert response.context["form"].errors == {
        "id_number": ["Another worker of the company has this ID#."]
    }
    # The heading shows what is stored, the field what was typed.
    assert "<h1>Edit Dana Okafor</h1>" in response.content.decode()
    assert 'value="New"' in response.content.decode()


def test_the_second_of_two_editors_is_told_and_loses_nothing(
    managers_client, company, admin, dana, welder, filled, at
):
    form = filled(dana, last_name="Okafor-Lee", middle_name="Rae")
    services.worker_change(
        company=company, worker=dana, by=admin, last_name="Smith", position=welder
    )
    told = managers_client.post(at(WORKER + "change/"), form)
    assert told.status_code == 409
    text = text_of(told)
    assert "Somebody else has saved other values since you opened this form." in text
    assert "Last name, as saved Smith" in text
    assert "Position, as saved Welder" in text
    assert "First name, as saved" not in text
    assert 'value="Okafor-Lee"' in told.content.decode()
    dana.refresh_from_db()
    assert (dana.last_name, dana.middle_name) == ("Smith", "")
    # Sent once more as it stands, it is saved.
    again = told.context["form"]
    kept = {field.name: field.value() or "" for field in again}
    assert managers_client.post(at(WORKER + "change/"), kept).status_code == 302
    dana.refresh_from_db()
    assert (dana.last_name, dana.middle_name, dana.position.name) == (
        "Okafor-Lee",
        "Rae",
        "Crane Operator",
    )


def test_a_form_without_what_it_was_filled_with_saves_nothing(managers_client, dana, filled, at):
    form = filled(dana, last_name="New")
    del form["seen"]
    managers_client.post(at(WORKER + "change/"), form)
    dana.refresh_from_db()
    assert dana.last_name == "Okafor"


def test_a_renamed_position_is_no_change_of_the_worker(company, dana):
    seen = services.worker_digest(dana)
    Position.objects.filter(pk=dana.position_id).update(name="Hoist Operator")
    services.worker_change(company=company, worker=dana, by=None, seen=seen, middle_name="Rae")
    with pytest.raises(ChangedMeanwhile):
        services.worker_change(company=company, worker=dana, by=None, seen=seen, middle_name="X")


# --- Deactivating ----------------------------------------------------------------------


def test_deactivating_says_first_what_will_change(managers_client, dana, certified, at):
    text = text_of(managers_client.get(at(WORKER + "deactivate/")))
    assert "Deactivate Dana Okafor?" in text
    assert "1 requirement is no longer asked (1 done now)." in text
    dana.refresh_from_db()
    assert dana.is_active


def test_who_is_deactivated_is_asked_nothing_until_reactivated(
    managers_client, company, manager, dana, certified, at
):
    def answer():
        [found] = compliance_find(company_id=company.pk, today=company.today(), id_number="10482")
        return summary(found.items, is_active=found.worker.is_active).status

    assert answer() == "compliant"
    response = managers_client.post(at(WORKER + "deactivate/"), follow=True)
    assert notices(response)[0].startswith("Dana Okafor is deactivated.")
    assert answer() == "inactive"
    assert "Reactivate" in text_of(response)
    again = managers_client.post(at(WORKER + "deactivate/"), follow=True)
    assert notices(again) == ["Dana Okafor was deactivated already."]
    response = managers_client.post(at(WORKER + "reactivate/"), follow=True)
    assert notices(response) == ["Dana Okafor is active again; their records count as before."]
    assert answer() == "compliant"
    again = managers_client.post(at(WORKER + "reactivate/"), follow=True)
    assert notices(again) == ["Dana Okafor was active already."]
    told = AuditEvent.objects.filter(actor=manager).order_by("id")
    assert [(event.action, event.changes) for event in told] == [
        ("deactivated", {"is_active": ["yes", "no"]}),
        ("reactivated", {"is_active": ["no", "yes"]}),
    ]
