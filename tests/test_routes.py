"""Every address x role x method, also of another company: 404, 403 and 405 as tests/routes.py says.

Who is refused has changed nothing, and of another company not one of its words is shown.
"""

import uuid
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.urls import get_resolver

from accounts.models import AuditEvent, Company, Invitation, Role, User
from accounts.roles import RIGHTS
from apicalls import services
from apicalls.models import APITemplate, Caller, HandOver, RequestLog
from apicalls.selectors import credential_current
from tests.conftest import PASSWORD
from tests.routes import ELSEWHERE, EVERYBODY, PEOPLE, PROGRAMS, ROUTES, WITHIN_LIMIT
from workers import services as workers_services
from workers.imports.models import DataImport
from workers.models import Division, Location, Requirement

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
# What no other company may see a letter of.
MARK = "Zanzibar"
# Written by whoever looks, and no change of anything: sessions, and what counts attempts.
_BY_THE_WAY = ("django_session", "personsession", "limitcounter", "refusedrequests")


def _named(patterns):
    for pattern in patterns:
        if not hasattr(pattern, "url_patterns"):
            yield pattern.name
        elif pattern.namespace != "admin":  # the operator's, which is Django's own
            yield from _named(pattern.url_patterns)


def test_every_address_is_in_the_table():
    names = set(_named(get_resolver().url_patterns))
    assert names - set(ROUTES) - ELSEWHERE == set()
    assert set(ROUTES) - names == set()


@pytest.fixture
def objects(db):
    """One of everything of a company, each with the mark in its name: what braces stand for."""
    company = Company.objects.create(name=f"{MARK} Build", time_zone="America/Edmonton")
    person = User.objects.create_user(
        "p@zanzibar.example", PASSWORD, name=f"{MARK} Person", company=company, role=Role.VIEWER
    )
    division = Division.objects.create(company=company, name=f"{MARK} Division")
    location = Location.objects.create(company=company, name=f"{MARK} Yard", division=division)
    worker = workers_services.worker_add(
        company=company,
        by=None,
        id_number=f"{MARK}-1",
        first_name=MARK,
        middle_name="",
        last_name=MARK,
        location=location,
    )
    requirement = workers_services.requirement_add(
        company=company, by=None, name=f"{MARK} Aid", component="certificate"
    )
    workers_services.assignment_set(
        company=company, requirement=requirement, level="required", by=None, location=location
    )
    record = workers_services.record_add(
        company=company,
        worker=worker,
        requirement=requirement,
        by=None,
        state="submitted",
        submitted_on=date(2026, 3, 2),
    )
    api_call = services.api_call_add(
        company=company, template=APITemplate.objects.get(code="worker-compliance"), by=None
    )
    api_call.name = f"{MARK} Gate"
    api_call.save()
    credential = credential_current(api_call=api_call)
    caller = Caller.objects.create(api_call=api_call, client=MARK, credential=credential)
    request = RequestLog.objects.create(
        api_call=api_call,
        credential=credential,
        caller=caller,
        request_id=uuid.uuid4().hex,
        status=200,
        milliseconds=1,
        size=1,
    )
    link, _token = services.hand_over_add(credential=credential, by=None)
    invitation = Invitation.objects.create(
        company=company, email="i@zanzibar.example", name=MARK, role=Role.VIEWER
    )
    data_import = DataImport.objects.create(
        company=company, kind="workers", file_name=f"{MARK}.csv"
    )
    assert HandOver.objects.count() == 1
    return {
        "company": company,
        "person": person.code,
        "location": location.pk,
        "worker": worker.pk,
        "requirement": requirement.pk,
        "record": record.pk,
        "call": api_call.code,
        "caller": caller.pk,
        "request": request.request_id,
        "link": link.code,
        "invitation": invitation.code,
        "import_": data_import.code,
    }


def _everything():
    """Return what every table holds, but for what is written by the way."""
    held = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if not any(name in table for name in _BY_THE_WAY):
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
                held[table] = sorted(map(str, cursor.fetchall()))
    return held


def _refusal(who, role, method, route):
    """Return the status that refuses, None where it is let in.

    `role` is None for who is not signed in, "operator", or a role in the company or another.
    """
    if who == PROGRAMS:
        return 401 if method in route.methods else 405
    if who == EVERYBODY:
        return None if method in route.methods else 405
    if role is None:
        # Of a page that is about nobody but oneself, the method may be looked at first.
        return 405 if who == PEOPLE and method not in route.methods else 302
    if who != PEOPLE and (role == "operator" or role not in RIGHTS[who]):
        return 403
    if method not in route.methods:
        return 405
    return None


def _ask(client, method, path):
    response = client.generic(method, path)
    if response.streaming:
        return response, b"".join(response.streaming_content)
    return response, response.content


def _visitor(company, role):
    """Return a client of somebody in the role, None for a stranger."""
    client = Client(raise_request_exception=False)
    if role is None:
        return client
    person = (
        User.objects.create_superuser("operator@workhub.example", PASSWORD)
        if role == "operator"
        else User.objects.create_user(
            f"{role}@example.com", PASSWORD, name="Somebody", company=company, role=role
        )
    )
    client.force_login(person, backend=BACKEND)
    return client


@pytest.mark.parametrize("role", [None, "operator", *Role])
def test_each_role_gets_what_the_table_says(objects, role):
    client = _visitor(objects["company"], role)
    before, wrong = _everything(), []
    for name, route in ROUTES.items():
        path = "/" + route.path.format(**objects)
        for method in METHODS:
            status = _refusal(route.who, role, method, route)
            if status is None:
                continue
            got = _ask(client, method, path)[0].status_code
            if got != status and (role, route.who, got) != (None, PEOPLE, 302):
                wrong.append(f"{name}: {method} is {got}, not {status}")
    assert _everything() == before, "what was refused has changed something"
    # What is let in comes last: it may sign out, or change what others hang on.
    for name, route in ROUTES.items():
        path = "/" + route.path.format(**objects)
        for method in sorted(route.methods):
            if _refusal(route.who, role, method, route) is None:
                got = _ask(_visitor_again(client), method, path)[0].status_code
                if got in {403, 405} or got >= 500:
                    wrong.append(f"{name}: {method} is {got}, and not let in")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", [None, Role.OWNER])
def test_what_is_pressed_from_elsewhere_changes_nothing(objects, role):
    """Without the token of a page of ours."""
    client = _visitor(objects["company"], role)
    client.handler.enforce_csrf_checks = True
    before, wrong = _everything(), []
    for name, route in ROUTES.items():
        if "POST" in route.methods:
            got = _ask(client, "POST", "/" + route.path.format(**objects))[0].status_code
            if got != 403:
                wrong.append(f"{name}: {got}")
    assert not wrong, "\n".join(wrong)
    assert _everything() == before


def test_no_page_of_a_company_is_kept(objects):
    client = _visitor(objects["company"], Role.OWNER)
    wrong = []
    for name, route in ROUTES.items():
        if route.who not in {EVERYBODY, PROGRAMS} and "GET" in route.methods:
            response = _ask(client, "GET", "/" + route.path.format(**objects))[0]
            if response.status_code != 404 and "no-store" not in response.headers.get(
                "Cache-Control", ""
            ):
                wrong.append(f"{name}: {response.headers.get('Cache-Control')}")
    assert not wrong, "\n".join(wrong)


def _visitor_again(client):
    """Return a client with the cookies that the first one had, whatever became of it since."""
    again = Client(raise_request_exception=False)
    again.cookies.update(client.cookies)
    return again


@pytest.mark.parametrize("role", Role)
def test_another_company_does_not_exist(objects, role):
    other = Company.objects.create(name="Southern Rail", time_zone="Europe/Berlin")
    client = _visitor(other, role)
    before, wrong = _everything() | _trail(objects), []
    for name, route in ROUTES.items():
        if route.who in {EVERYBODY, PROGRAMS}:
            continue
        path = "/" + route.path.format(**objects)
        for method in METHODS:
            status = _refusal(route.who, role, method, route)
            if status is None and not route.is_of_an_object:
                if method not in {"GET", "HEAD"}:
                    continue  # about one's own company
            elif status is None:
                status = 404
            response, body = _ask(client, method, path)
            if status is not None and response.status_code not in {
                status,
                302 if _asks_first(response) else 0,
            }:
                wrong.append(f"{name}: {method} is {response.status_code}, not {status}")
            if MARK.encode() in body or MARK in str(response.headers):
                wrong.append(f"{name}: {method} shows something of the other company")
    assert not wrong, "\n".join(wrong)
    assert _everything() | _trail(objects) == before


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MANAGER, Role.VIEWER])
def test_what_is_outside_of_a_limit_does_not_exist(objects, role):
    company = objects["company"]
    # What everybody may know how it is called.
    Company.objects.update(name="Own Build")
    for model in (Division, Location, Requirement):
        model.objects.update(name="Own")
    elsewhere = Division.objects.create(company=company, name="Elsewhere")
    client = _visitor(company, role)
    limited = User.objects.get(email=f"{role}@example.com")
    limited.limit = {"divisions": [elsewhere.pk]}
    limited.save()
    before, wrong = _everything() | _trail(objects), []
    for name, route in ROUTES.items():
        if route.who in {EVERYBODY, PEOPLE, PROGRAMS}:
            continue
        path = "/" + route.path.format(**objects)
        for method in METHODS:
            status = _refusal(route.who, role, method, route)
            if name not in WITHIN_LIMIT:
                status = 403
            elif status is None and route.is_of_an_object:
                status = 404
            elif status is None and method == "POST":
                continue  # adds something of their own
            response, body = _ask(client, method, path)
            got = response.status_code
            if status not in {None, got} and not _asks_first(response):
                wrong.append(f"{name}: {method} is {got}, not {status}")
            if status is None and got != 200:
                wrong.append(f"{name}: {method} is {got}, and not let in")
            if MARK.encode() in body or MARK in str(response.headers):
                wrong.append(f"{name}: {method} shows something outside of the limit")
    assert not wrong, "\n".join(wrong)
    trail = {"accounts_auditevent": before["accounts_auditevent"] + len(_EXPORTS)}
    assert _everything() | _trail(objects) == before | trail


# What a look at is a line in the trail.
_EXPORTS = ("workers_export", "matrix_export")


def _trail(objects):
    """Return the trail of the company alone: looking at one's own files is in one's own trail."""
    events = AuditEvent.objects.filter(company=objects["company"])
    return {"accounts_auditevent": events.count(), "accounts_audithead": []}


def _asks_first(response):
    """Tell whether it only asked for password or code, before it looked at anything."""
    return response.headers.get("Location", "").startswith("/confirm/")
