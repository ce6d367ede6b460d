"""What integrators and those who help them do: read the reference, try it, test a call."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = pytest.mark.any_database


def test_what_is_folded_on_the_reference_opens_and_is_accessible(new_page):
    page = new_page()
    page.goto("/docs/")
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    expect(page.get_by_role("table").filter(has_text="apiCall.websiteAddress")).to_have_count(1)
    assert Axe().run(page).response["violations"] == []
    page.get_by_role("link", name="Rate limits").click()
    expect(page.get_by_role("heading", name="Rate limits")).to_be_in_viewport()


def test_a_pasted_header_is_tried_from_swagger_ui(new_page, shipped):
    """Without a complaint of the browser, so also without one of the security policy."""
    page = new_page()
    page.goto("/docs/")
    page.get_by_role("link", name="Try it out").click()
    page.get_by_role("button", name="Authorize").click()
    page.get_by_label("Value:").fill("amx {}:{}".format(*shipped.key_and_secret))
    dialog = page.locator(".modal-ux")
    dialog.get_by_role("button", name="Apply credentials").click()
    dialog.get_by_role("button", name="Close").first.click()
    page.get_by_role("button", name="May this worker work today").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_placeholder("workerIDNumber").fill("TEST-EXPIRED")
    page.get_by_role("button", name="Execute").click()
    answer = page.locator(".live-responses-table")
    expect(answer.locator(".response-col_status").last).to_contain_text("200")
    expect(answer).to_contain_text('"status": "not_compliant"')
    # Around Swagger UI, whose own markup is not ours, the page is as accessible as any.
    # It brings a second <main>, which no setting of it takes away.
    second_main = {"rules": {"landmark-no-duplicate-main": {"enabled": False}}}
    around = Axe().run(page, context={"exclude": [["#swagger-ui"]]}, options=second_main)
    assert around.response["violations"] == []


def test_a_call_is_tested_from_its_details_page(signed_in):
    page = signed_in()
    page.get_by_role("link", name="Gate").click()
    test = page.get_by_role("region", name="Test this call")
    test.get_by_label("workerIDNumber").fill("TEST-NOT-FOUND")
    test.get_by_role("button", name="Send test request").click()
    expect(test.get_by_role("status")).to_contain_text("404 Not Found")
    test.get_by_label("workerIDNumber").fill("TEST-COMING-DUE")
    page.keyboard.press("Enter")
    expect(test.get_by_role("status")).to_contain_text("200 OK")
    expect(test).to_contain_text('"status": "coming_due"')
    assert Axe().run(page).response["violations"] == []
    # What is being edited above is neither sent nor lost.
    expect(page).to_have_url(re.compile("/account/api/[0-9a-f-]{36}/$"))
