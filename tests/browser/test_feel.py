"""What using it feels like: by keyboard alone, in few clicks, without jumps, little to load."""

import re
import uuid

import pytest
from playwright.sync_api import expect

from apicalls.demo import GATE_CODE
from tests.browser.people import sign_in

pytestmark = pytest.mark.any_database

DETAILS = f"/account/api/{GATE_CODE}/"


class Keyboard:
    """Does with keys what a person without a mouse does: no focus is set by the test."""

    def __init__(self, page):
        self.page = page

    def to(self, target, at_most=90):
        """Press Tab until `target` has the focus, and check that it can be seen to have it."""
        handle = target.element_handle()
        for _ in range(at_most):
            if handle.evaluate("element => element === document.activeElement"):
                self._can_be_seen(handle)
                return self
            self.page.keyboard.press("Tab")
        focused = self.page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        raise AssertionError(f"Tab never came to {target}; the focus is on {focused}")

    def press(self, key):
        self.page.keyboard.press(key)
        return self

    def type(self, text):
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)
        return self

    @staticmethod
    def _can_be_seen(handle):
        style = handle.evaluate(
            """element => {
                const style = getComputedStyle(element);
                const box = element.getBoundingClientRect();
                const over = document.elementFromPoint(
                    box.x + box.width / 2, box.y + Math.min(box.height / 2, 20));
                return {
                    html: element.outerHTML.slice(0, 200),
                    mark: parseFloat(style.outlineWidth) > 0 || style.boxShadow !== "none",
                    uncovered: element.contains(over) || Boolean(over?.contains(element)),
                };
            }"""
        )
        assert style["mark"], "the focus cannot be seen"
        assert style["uncovered"], f"what has the focus is covered: {style['html']}"


@pytest.fixture
def newcomer(new_page, company_of):
    """Return a page on which the admin of an empty company has signed in."""
    [email] = company_of(f"Nouveau-{uuid.uuid4().hex[:8]}", ada="admin")
    page = new_page()
    sign_in(page, email)
    expect(page).to_have_url(re.compile("/account/api/$"))
    page.wait_for_load_state()
    return page


def test_the_whole_journey_goes_by_keyboard_alone(newcomer):
    page, keys = newcomer, Keyboard(newcomer)

    # Add a call: focus goes into the dialog, back out of it, and in again.
    opener = page.get_by_role("link", name="Add your first API call")
    keys.to(opener).press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="API templates")).to_be_visible()
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    keys.press("Escape")
    expect(opener).to_be_focused()
    keys.press("Enter")
    expect(dialog.get_by_role("heading", name="API templates")).to_be_visible()
    keys.to(dialog.get_by_role("button", name="Add").first).press("Enter")
    expect(page.get_by_text("API call added.")).to_be_visible()

    # Set it.
    keys.to(page.get_by_label("Name", exact=True)).type("Gate")
    keys.to(page.get_by_role("radio", name="JSON")).press("ArrowDown")
    expect(page.get_by_role("radio", name="XML")).to_be_checked()
    expect(page.locator("#sample")).to_contain_text("<?xml")
    keys.to(page.get_by_label("WorkerIDNumber")).press("Space")
    expect(page.locator("#website-address-text")).to_contain_text("{workerIDNumber}")
    state = page.locator("[data-unsaved-state]")
    expect(state).to_have_text("Not saved yet: Name, Output Format, Parameters")
    keys.press("ControlOrMeta+s")
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Gate")

    # Call it.
    keys.to(page.get_by_role("button", name="Send test request")).press("Enter")
    expect(page.locator("#trial-result")).to_contain_text("200 OK")
    # It is said to who does not see it, in a region that was there before.
    expect(page.locator("#trial-said[role=status]")).to_contain_text("200 OK, after")
    expect(page.locator("#trial-result")).to_contain_text("<compliant>true</compliant>")

    # Regenerate.
    old_key = page.locator("#client-key").inner_text()
    page.reload()
    keys.to(page.get_by_role("link", name="Regenerate")).press("Enter")
    expect(dialog.get_by_role("heading", name="Regenerate")).to_be_visible()
    keys.to(dialog.get_by_role("button", name="Regenerate now")).press("Enter")
    expect(page.get_by_text("New credentials made.")).to_be_visible()
    expect(page.locator("#client-key")).not_to_have_text(old_key)


def test_an_empty_company_comes_to_its_first_answer_in_six_clicks(newcomer):
    page = newcomer
    page.evaluate("sessionStorage.clicks = 0")
    page.add_init_script(
        "addEventListener('click', (event) => {"
        " if (event.detail) sessionStorage.clicks = Number(sessionStorage.clicks) + 1 }, true)"
    )
    page.reload()
    page.get_by_role("link", name="Add your first API call").click()
    page.get_by_role("dialog").get_by_role("button", name="Add").first.click()
    steps = page.get_by_role("navigation", name="Steps to the first answer")
    expect(steps.get_by_text("(done)")).to_have_count(1)
    page.get_by_label("WorkerIDNumber").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(steps.get_by_text("(done)")).to_have_count(2)
    page.get_by_role("button", name="Send test request").click()
    expect(page.locator("#trial-result")).to_contain_text("200 OK")
    # A click on a label is one on its box as well.
    assert 5 <= int(page.evaluate("sessionStorage.clicks")) <= 6
    page.reload()
    expect(steps.get_by_text("(done)")).to_have_count(3)


def test_what_is_not_saved_is_marked_can_be_discarded_and_is_not_lost_by_accident(signed_in):
    page = signed_in()
    page.goto(DETAILS)
    name, state = page.locator("#id_name"), page.locator("[data-unsaved-state]")
    discard = page.get_by_role("button", name="Discard")
    expect(discard).to_be_hidden()
    before = name.input_value()
    name.fill("Something else")
    expect(state).to_have_text("Not saved yet: Name")
    asked = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_role("link", name="People", exact=True).click(no_wait_after=True)
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    discard.click()
    expect(name).to_have_value(before)
    expect(state).to_have_text("")
    page.get_by_role("link", name="People", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("People")


def test_what_was_refused_is_not_left_by_accident_either(signed_in):
    page = signed_in()
    page.goto(DETAILS)
    page.locator("[name=allowed_networks]").fill("not a network")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".field-invalid")).to_have_count(1)
    # A click on the page, without which browsers do not ask at all.
    page.get_by_role("heading", name="Who may ask").click()
    asked = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_role("link", name="People", exact=True).click(no_wait_after=True)
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]


def test_a_pause_is_taken_back_from_its_notice(signed_in):
    page = signed_in()
    page.goto(DETAILS)
    page.get_by_role("link", name="Pause", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Pause now").click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("Paused")
    page.get_by_role("button", name="Undo").click()
    expect(heading).to_contain_text("Active")


def test_shortcuts_do_what_the_list_says_and_can_be_switched_off(newcomer):
    page = newcomer
    page.goto("/workers/?q=x")
    page.locator("main").press("/")
    expect(page.locator("main input[type=search]").first).to_be_focused()
    # Typed there, the key is a letter.
    page.keyboard.type("/?")
    expect(page.locator("#shortcuts")).to_be_hidden()
    page.goto("/you/preferences/")
    page.locator("main").press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("checkbox", name="Keyboard shortcuts").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.locator("main").press("?")
    expect(page.locator("#shortcuts")).to_have_count(0)


SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize(
    "path", [DETAILS, "/account/api/", "/workers/", "/workers/matrix/", "/account/api/usage/"]
)
def test_nothing_jumps_while_a_page_comes(signed_in, path, width):
    page = signed_in()
    page.set_viewport_size({"width": width, "height": 900})
    page.add_init_script(SHIFTS)
    page.goto(path)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.shifted") <= 0.05


def test_the_details_page_needs_little_after_the_first_visit(signed_in):
    page = signed_in()
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    transferred = []
    page.goto(DETAILS)
    page.wait_for_load_state("networkidle")
    session.on(
        "Network.loadingFinished", lambda event: transferred.append(event["encodedDataLength"])
    )
    page.goto(DETAILS)
    page.wait_for_load_state("networkidle")
    assert 1_000 < sum(transferred) < 150_000
