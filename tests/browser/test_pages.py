"""Every page, wide and light, narrow and dark: nothing that axe complains of, nothing cut off."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from apicalls.demo import GATE_CODE

pytestmark = pytest.mark.any_database

PAGES = [
    "/account/company/",
    "/account/people/",
    "/account/people/invite/",
    "/account/api/",
    "/account/api/?q=nothing-is-called-so",
    "/account/api/templates/",
    "/account/api/usage/",
    f"/account/api/{GATE_CODE}/",
    f"/account/api/{GATE_CODE}/kit/",
    f"/account/api/{GATE_CODE}/header-doctor/",
    f"/account/api/{GATE_CODE}/test/",
    f"/account/api/{GATE_CODE}/usage/",
    f"/account/api/{GATE_CODE}/regenerate/",
    f"/account/api/{GATE_CODE}/cut-over/",
    f"/account/api/{GATE_CODE}/hand-over/",
    f"/account/api/{GATE_CODE}/sample/?output_format=json&field_groups=items",
    "/account/activity/",
    "/password/change/",
    "/confirm/",
    "/you/second-factor/",
    "/you/second-factor/add/",
    "/you/second-factor/remove/",
    "/you/sessions/",
    "/workers/",
    "/workers/?q=nobody-is-called-so",
    "/workers/add/",
    "/workers/1/",
    "/workers/1/change/",
    "/workers/1/disclosures/",
    "/workers/1/deactivate/",
    "/workers/1/records/add/",
    "/workers/waiting/",
    "/workers/lookup-quality/",
    "/workers/requirements/",
    "/workers/requirements/add/",
    "/workers/requirements/1/",
    "/workers/assignments/",
    "/workers/matrix/",
    "/workers/places/",
    "/workers/places/positions/add/",
    "/workers/imports/",
    "/problems/",
    "/problems/invalid_credentials",
    "/there-is-nothing-here",
]
OPEN_TO_ALL = [
    "/sign-in/",
    "/sign-up/",
    "/password/reset/",
    "/password/reset/done/",
    "/invitation/nonsense/",
    "/docs/",
    "/hand-over/there-is-no-such-link/",
]


def check(page, path):
    """Return what is wrong with the page as it is now."""
    faults = [
        f"{path}: {fault['id']}: {[node['target'] for node in fault['nodes']][:3]}"
        for fault in Axe().run(page).response["violations"]
    ]
    overflow = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    if overflow > 0:
        faults.append(f"{path}: {overflow} px too wide")
    return faults


@pytest.mark.parametrize(
    ("width", "theme"),
    [pytest.param(1440, "light", id="desk"), pytest.param(320, "dark", id="phone")],
)
def test_pages_are_accessible_and_fit(new_page, signed_in, width, theme):
    faults = []
    visitor = new_page(color_scheme=theme)
    visitor.set_viewport_size({"width": width, "height": 900})
    for path in OPEN_TO_ALL:
        visitor.goto(path)
        faults += check(visitor, path)
    page = signed_in(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 900})
    for path in PAGES:
        page.goto(path)
        faults += check(page, path)
    page.goto("/account/api/")
    page.get_by_role("link", name="Add API call").click()
    page.get_by_role("dialog").get_by_role("heading", name="API templates").wait_for()
    faults += check(page, "the dialog of templates")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Gate").click()
    page.get_by_role("button", name="Show Client Secret").click()
    page.get_by_role("link", name="Hide").wait_for()
    faults += check(page, "the details page")
    page.get_by_role("link", name="Regenerate").click()
    page.get_by_role("dialog").get_by_role("button", name="Regenerate now").wait_for()
    faults += check(page, "the dialog of Regenerate")
    assert faults == []


def test_a_call_is_added_set_and_saved_by_keyboard_alone(signed_in):
    page = signed_in()
    page.get_by_role("link", name="Add API call").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("heading", name="API templates").wait_for()
    # Focus is in the dialog, and Escape gives it back.
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.textContent").strip() == "Add API call"
    page.keyboard.press("Enter")
    dialog.get_by_role("heading", name="API templates").wait_for()
    dialog.get_by_role("button", name="Add").first.focus()
    page.keyboard.press("Enter")
    page.get_by_label("WorkerIDNumber").focus()
    page.keyboard.press("Space")
    page.get_by_text("Save to make it work").wait_for()
    page.keyboard.press("Enter")
    page.get_by_text("Saved.").wait_for()
    assert "{workerIDNumber}" in page.locator("#website-address-text").inner_text()
