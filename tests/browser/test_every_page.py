"""Every page of the URL configuration, narrow and wide, light and dark, in both languages.

Nothing that axe complains of, nothing cut off, no error in the console, nothing that the content
security policy blocks. What was seen is written to var/screenshots/, for people to look at.
"""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import expect

from tests.browser.looking import OF_COLOURS, faults_of, in_theme, settle
from tests.routes import EVERYBODY, PROGRAMS, ROUTES

pytestmark = pytest.mark.any_database

SCREENSHOTS = Path(settings.BASE_DIR, "var", "screenshots")
LANGUAGES = ("en", "fr")
WIDTHS = (1440, 390)
THEMES = ("light", "dark")

# Parts of pages, which have no frame of their own; and what is no page at all.
PARTS = {"authorization", "website_address", "worker_suggestions", "import_progress"}
NO_PAGES = {
    *("workers_export", "matrix_export", "activity_csv", "disclosures_csv", "import_template"),
    *("import_bad_rows", "company_usage_csv", "company_usage_json", "api_calls_export"),
    *("postman_collection", "schema", "openapi_json", "openapi_yaml"),
}
# Swagger UI, whose own faults the page on accessibility names.
OF_OTHERS = {"reference_try"}
VISITED = (
    {name for name, route in ROUTES.items() if "GET" in route.methods and route.who != PROGRAMS}
    - PARTS
    - NO_PAGES
    - OF_OTHERS
)

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


def look(page, about, name, language):
    """Return what is wrong with the page at each width in each theme, and keep how it looked."""
    faults = []
    settle(page)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for theme in THEMES:
            in_theme(page, theme)
            # What colours have nothing to do with is looked at once in each width.
            rules = OF_COLOURS if theme == "dark" else ()
            faults += faults_of(page, f"{about} ({language}, {width}, {theme})", rules)
            folder = SCREENSHOTS / language / f"{width}-{theme}"
            page.screenshot(path=folder / f"{name}.jpg", full_page=True, type="jpeg", quality=70)
    page.set_viewport_size({"width": 1440, "height": 900})
    return faults


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_accessible_and_fits(new_page, signed_in, objects, language):
    locale = f"{language}-CA"
    page, stranger = signed_in(locale=locale), new_page(locale=locale)
    faults, parts = [], set()
    for name in sorted(VISITED):
        route = ROUTES[name]
        path = "/" + route.path.format(**objects)
        if name == "hand_over":
            path = f"/hand-over/{objects['hand_over']}/"
        visitor = stranger if route.who == EVERYBODY else page
        visitor.goto(path)
        if visitor.evaluate("document.doctype === null"):
            parts.add(name)
            continue
        # The reference is a document of the API, which has one language.
        spoken = "en" if name == "reference" else language
        assert visitor.evaluate("document.documentElement.lang") == spoken, path
        faults += look(visitor, path, name, language)
    page.goto("/there-is-nothing-here/")
    faults += look(page, "an error page", "not_found", language)
    assert parts == set()
    assert faults == []


# --- States that no address leads to -----------------------------------------------------------


def add_call_dialog(page, objects):
    page.goto("/account/api/")
    page.locator(".page-actions a[data-dialog]").click()
    expect(page.locator("#dialog .template-card").first).to_be_visible()


def search_without_result(page, objects):
    page.goto("/account/api/?q=nothing-is-called-so")


def secret_shown(page, objects):
    page.goto(f"/account/api/{objects['call']}/")
    page.locator("#authorization form[hx-post] button").click()
    expect(page.locator("#authorization .is-masked")).to_have_count(0)


def unsaved_change(page, objects):
    page.goto(f"/account/api/{objects['call']}/")
    settle(page)
    page.locator("[name=output_format][value=xml]").check()
    expect(page.locator("#change-rehearsal .broken li").first).to_contain_text("Turnstile")
    expect(page.locator(".is-unsaved")).to_have_count(1)


def refused_settings(page, objects):
    page.goto(f"/account/api/{objects['call']}/")
    page.locator("[name=allowed_networks]").fill("not a network")
    page.locator(".save-bar .btn-primary").click()
    expect(page.locator(".field-invalid")).to_have_count(1)


def regenerate_dialog(page, objects):
    page.goto(f"/account/api/{objects['call']}/")
    page.locator("#authorization a[data-dialog]").click()
    expect(page.locator("#dialog .btn-danger")).to_be_visible()


def archive_dialog(page, objects):
    page.goto(f"/account/api/{objects['call']}/")
    page.locator("a[data-dialog][href$='/archive/']").click()
    expect(page.locator("#dialog .broken li").first).to_contain_text("Turnstile")


def answered_test(page, objects):
    page.goto(f"/account/api/{objects['call']}/")
    page.locator("form[hx-target='#trial-result'] button").click()
    expect(page.locator(".trial-result .badge")).to_contain_text("200")


def shortcuts_dialog(page, objects):
    page.goto("/account/api/")
    page.locator("main").press("?")
    expect(page.locator("#shortcuts")).to_be_visible()


def user_menu(page, objects):
    page.goto("/account/api/")
    page.locator(".user-button").click()
    expect(page.locator(".user-menu .dropdown-menu")).to_be_visible()


STATES = {
    state.__name__: state
    for state in (
        *(add_call_dialog, search_without_result, secret_shown, unsaved_change, refused_settings),
        *(regenerate_dialog, archive_dialog, answered_test, shortcuts_dialog, user_menu),
    )
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_of_a_page_is_accessible_and_fits(signed_in, objects, language):
    page = signed_in(locale=f"{language}-CA")
    faults = []
    for name, bring_about in STATES.items():
        bring_about(page, objects)
        faults += look(page, name, f"state_{name}", language)
        # Leaves without the question whether what is not saved may be lost.
        page.evaluate("document.querySelectorAll('form').forEach((form) => form.reset())")
    assert faults == []


def test_pages_are_whole_at_320_pixels_and_at_a_zoom_of_200_percent(signed_in, objects):
    """320 px are also what 1280 px are at a zoom of 400 % (WCAG 1.4.10)."""
    page = signed_in()
    faults = []
    for name in sorted(VISITED):
        if ROUTES[name].who != EVERYBODY:
            page.set_viewport_size({"width": 320, "height": 640})
            page.goto("/" + ROUTES[name].path.format(**objects))
            faults += _cut_off(page, f"{name} at 320 px")
            # What a window of 1280 px is at a zoom of 200 %.
            page.set_viewport_size({"width": 640, "height": 360})
            faults += _cut_off(page, f"{name} at 200 %")
    assert faults == []


def _cut_off(page, about):
    width = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return [f"{about}: {width} px too wide"] if width > 0 else []


def test_nothing_moves_for_who_asked_for_that(signed_in):
    page = signed_in(reduced_motion="reduce")
    page.goto("/account/api/")
    moving = page.evaluate(
        """[...document.querySelectorAll('*')].filter((element) => {
            const style = getComputedStyle(element);
            const longest = (text) => Math.max(...text.split(',').map(parseFloat));
            return longest(style.transitionDuration) > 0.01
                || longest(style.animationDuration) > 0.01;
        }).map((element) => element.className || element.tagName)"""
    )
    assert moving == []


def test_a_page_of_each_kind_names_its_language_in_its_title(signed_in):
    page = signed_in(locale="fr-CA")
    page.goto("/you/preferences/")
    expect(page).to_have_title(re.compile("Préférences"))
