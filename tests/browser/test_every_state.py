"""States of pages that no address leads to: dialogs, what is not saved, what was refused.

Each is looked at as tests/browser/test_every_page.py looks at pages.
"""

import pytest
from playwright.sync_api import expect

from tests.browser.looking import LANGUAGES, look, settle

pytestmark = pytest.mark.any_database


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
        covered = bring_about is user_menu
        faults += look(page, name, f"state_{name}", language, is_covered=covered)
        # Leaves without the question whether what is not saved may be lost.
        page.evaluate("document.querySelectorAll('form').forEach((form) => form.reset())")
    assert faults == []
