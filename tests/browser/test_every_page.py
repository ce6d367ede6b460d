"""Every page of the URL configuration, narrow and wide, light and dark, in both languages.

Nothing that axe complains of, nothing cut off, no error in the console, nothing that the content
security policy blocks. What was seen is written to var/screenshots/, for people to look at.
"""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.looking import LANGUAGES, look
from tests.routes import EVERYBODY, PROGRAMS, ROUTES

pytestmark = pytest.mark.any_database

# Parts of pages, which have no frame of their own; and what is no page at all.
PARTS = {"authorization", "website_address", "worker_suggestions", "import_progress"}
NO_PAGES = {
    *("workers_export", "matrix_export", "activity_csv", "disclosures_csv", "import_template"),
    *("import_bad_rows", "company_usage_csv", "company_usage_json", "api_calls_csv"),
    *("postman_collection", "schema", "openapi_json", "openapi_yaml"),
}
# Swagger UI, whose own faults the page on accessibility names.
OF_OTHERS = {"reference_try"}
# Open to everybody, and different for who has signed in.
FOR_PEOPLE = {"account_logout"}
VISITED = (
    {name for name, route in ROUTES.items() if "GET" in route.methods and route.who != PROGRAMS}
    - PARTS
    - NO_PAGES
    - OF_OTHERS
)


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
        is_open = route.who == EVERYBODY and name not in FOR_PEOPLE
        visitor = stranger if is_open else page
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
