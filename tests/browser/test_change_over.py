"""From a second factor to the end of an old pair, and a hand-over link that opens once."""

import re
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.looking import faults_of
from tests.browser.people import code, set_up, sign_in, sign_out

pytestmark = pytest.mark.any_database


def ask(address, header, agent):
    """Ask as a program of that name, and return status and whether it says that the pair ends."""
    request = urllib.request.Request(
        address, headers={"Authorization": header, "User-Agent": f"{agent}/1"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, "Sunset" in answer.headers
    except urllib.error.HTTPError as error:
        return error.status, "Sunset" in error.headers


def copied(page, button):
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.locator("#live")).to_have_text("Copied")
    return page.evaluate("navigator.clipboard.readText()")


def test_a_pair_is_changed_over_and_handed_over(new_page, company_of):
    [ivy] = company_of("Changecorp", ivy="owner")
    page = new_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page, ivy)
    page.goto("/you/second-factor/add/")
    secret, _codes = set_up(page)
    sign_out(page)
    sign_in(page, ivy)
    page.get_by_label("Code").fill(code(secret, steps=1))
    page.get_by_role("button", name="Sign in").click()

    # A call that two programs use.
    page.get_by_role("link", name="Add API call").click()
    page.get_by_role("dialog").get_by_role("button", name="Add").first.click()
    page.get_by_label("Name", exact=True).fill("Payroll")
    page.get_by_label("WorkerIDNumber").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    details = page.url
    template = page.locator("#website-address-text").inner_text()
    address = template.replace("{workerIDNumber}", "TEST-COMPLIANT")
    old = copied(page, "Copy header")
    for agent in ("Nightly", "Gate"):
        assert ask(address, old, agent) == (200, False)

    page.get_by_role("link", name="Regenerate").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 programs are refused until they have the new header")
    dialog.get_by_label("Planned: keep the old one for 24 hours").check()
    assert faults_of(page, "the dialog of a planned change") == []
    dialog.get_by_role("button", name="Regenerate now").click()
    expect(page.get_by_text("The old ones are answered until then")).to_be_visible()
    new = copied(page, "Copy header")
    assert new != old

    # The board follows by itself.
    board = page.get_by_role("region", name="Change over to the new pair")
    expect(board).to_contain_text("0 of 2 programs use the new pair.")
    assert ask(address, old, "Gate") == (200, True)
    assert ask(address, new, "Nightly") == (200, False)
    expect(board).to_contain_text("1 of 2 programs use the new pair.", timeout=20_000)
    assert faults_of(page, "the cut-over board") == []
    assert ask(address, new, "Gate") == (200, False)
    expect(board).to_contain_text("2 of 2 programs use the new pair.", timeout=20_000)
    expect(board).to_contain_text("Every program has changed over: nothing breaks.")
    board.get_by_role("button", name="Stop the old one now").click()
    expect(page.get_by_text("Stopped. The old pair is refused")).to_be_visible()
    assert ask(address, old, "Gate") == (401, False)
    assert ask(address, new, "Gate") == (200, False)
    expect(page.get_by_role("region", name="Change over to the new pair")).to_have_count(0)

    # Somebody without a login opens the link; it does not open again.
    page.goto(f"{details}hand-over/")
    page.get_by_role("button", name="Make a link").click()
    link = copied(page, "Copy the link")
    assert faults_of(page, "a new link") == []
    page.goto(f"{details}hand-over/")
    expect(page.get_by_text("Open until")).to_be_visible()
    stranger = new_page(accept_downloads=True)
    stranger.goto(link)
    expect(stranger.get_by_role("heading", name="Somebody hands you access")).to_be_visible()
    assert faults_of(stranger, "a link before it is opened") == []
    stranger.get_by_role("button", name="Show them now").click()
    expect(stranger.locator("#header-value")).to_have_text(new)
    assert faults_of(stranger, "what a link shows") == []
    with stranger.expect_download() as download:
        stranger.get_by_role("link", name="Download Environment").click()
    saved = download.value.path().read_text()
    assert re.fullmatch(r"amx \w+:(\w+)", new)[1] in saved
    again = new_page()
    again.goto(link)
    expect(again.get_by_text("This link leads nowhere any more")).to_be_visible()
    page.reload()
    expect(page.get_by_role("row").filter(has_text="Opened")).to_be_visible()
