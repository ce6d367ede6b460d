"""Headless Chromium on the shipped server."""

import json
import re

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.looking import ARGUMENTS
from tests.browser.people import PASSWORD


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium, shipped):
    """Return a function that opens a page of a fresh visitor, and fails on what it complains of.

    A complaint is a script error, a console error or a violated content security policy.
    """
    complaints, contexts = [], []

    def open_page(**options):
        context = chromium.new_context(
            base_url=shipped.url, viewport={"width": 1280, "height": 900}, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        return page

    yield open_page
    for context in contexts:
        context.close()
    # A page that is refused on purpose is an answer, and one that is left while a part of it
    # still loads has nothing to complain of: neither is a fault of the page.
    passing = ("Failed to load resource", "htmx:sendError", "htmx:afterRequest")
    assert [text for text in complaints if not any(one in text for one in passing)] == []


@pytest.fixture
def signed_in(new_page, shipped):
    """Return a function that opens a page on which the demo's admin has signed in."""

    def sign_in(**options):
        page = new_page(**options)
        page.goto("/")
        # By what is the same in every language.
        page.locator("input[type=email]").fill(shipped.email)
        page.locator("input[type=password]").fill(shipped.password)
        page.locator("input[type=password]").press("Enter")
        expect(page).to_have_url(re.compile("/account/api/$"))
        page.wait_for_load_state()  # a key pressed before the scripts are there follows the link
        return page

    return sign_in


MAKE_COMPANY = f"""
from accounts.models import Company, User
company = Company.objects.create(name="{{name}}")
for email, role in {{people}}:
    name = email[:3].title()
    User.objects.create_user(email, {PASSWORD!r}, name=name, company=company, role=role)
"""


@pytest.fixture
def company_of(shipped):
    """Return a function that makes a company with these people, by e-mail and role."""

    def make(name, **people):
        emails = [(f"{who}@{name.lower()}.example", role) for who, role in people.items()]
        command = MAKE_COMPANY.format(name=name, people=emails)
        shipped.manage("shell", "--verbosity", "0", "--command", command)
        return [email for email, _role in emails]

    return make


# One of everything of the demo company, as the braces of tests/routes.py name it.
OBJECTS = """
import json, uuid
from accounts.models import Company, Invitation, User
from apicalls import services
from apicalls.demo import GATE_CODE
from apicalls.models import APICall, Caller, RequestLog
from apicalls.selectors import credential_current
from workers.imports.models import DataImport
from workers.models import Location, Record, Requirement, Worker
company = Company.objects.get(name="Northern Build")
call = APICall.objects.get(code=GATE_CODE)
pair = credential_current(api_call=call)
caller, _made = Caller.objects.get_or_create(
    api_call=call, client="Turnstile", address_range="192.0.2.0/24", credential=pair
)
request = RequestLog.objects.create(
    api_call=call, credential=pair, caller=caller, request_id=uuid.uuid4().hex, status=200,
    milliseconds=4, size=812, address="192.0.2.7", client="Turnstile/2.1", output_format="json",
)
invitation, _made = Invitation.objects.get_or_create(
    company=company, email="new@northern-build.example", name="Nia New", role="viewer"
)
link, token = services.hand_over_add(credential=pair, by=None)
data_import = DataImport.objects.create(company=company, kind="workers", file_name="workers.csv")
print(json.dumps({
    "person": str(User.objects.filter(company=company, role="viewer").first().code),
    "worker": Worker.objects.filter(company=company).first().pk,
    "requirement": Requirement.objects.filter(company=company).first().pk,
    "record": Record.objects.filter(worker__company=company).first().pk,
    "location": Location.objects.filter(company=company).first().pk,
    "call": str(call.code), "caller": caller.pk, "request": request.request_id,
    "link": str(link.code), "invitation": str(invitation.code), "import_": str(data_import.code),
    "hand_over": token,
}))
"""


@pytest.fixture
def objects(shipped):
    printed = shipped.manage("shell", "--verbosity", "0", "--command", OBJECTS)
    return json.loads(printed.strip().splitlines()[-1])
