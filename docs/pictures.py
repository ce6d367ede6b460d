"""Takes the pictures of docs/admins.md and README.md from the demo company: `make pictures`.

A test takes them too, into a folder of its own, so that what is described can be done.
"""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Locator, Page, expect, sync_playwright

PICTURES = Path(__file__).parent / "pictures"
GATE = "Gate"


def take(page: Page, folder: Path) -> None:
    """Take each picture on a page on which the demo's admin has signed in."""
    page.set_viewport_size({"width": 1200, "height": 820})
    page.goto("/account/api/")
    _shoot(page, folder / "list.png")

    page.get_by_role("link", name="Add API call").click()
    card = page.get_by_role("dialog").get_by_role("listitem").first
    expect(card).to_be_visible()
    _shoot(page, folder / "add.png")
    page.keyboard.press("Escape")

    page.get_by_role("link", name=GATE, exact=True).click()
    expect(page.locator("#sample pre")).to_be_visible()
    _settle(page)
    _shoot(page, folder / "details.png")
    _shoot(_section(page, "Address"), folder / "address.png")
    _shoot(_section(page, "Authorization"), folder / "authorization.png")

    page.get_by_label("XML").check()
    expect(page.locator("#change-rehearsal .broken")).to_be_visible()
    _shoot(page.locator(".save-bar"), folder / "rehearsal.png")
    page.get_by_role("button", name="Discard").click()

    page.get_by_role("button", name="Send test request").click()
    expect(page.locator("#trial-result")).to_contain_text("200 OK")
    _shoot(_section(page, "Test this call"), folder / "test.png")

    page.locator("#usage").get_by_role("heading", name="Callers").scroll_into_view_if_needed()
    _shoot(page.locator("#usage"), folder / "usage.png")

    page.get_by_role("link", name="Using Postman to test your API call").click()
    _shoot(page.locator(".guide > li").nth(3), folder / "postman.png")


def _section(page: Page, heading: str) -> Locator:
    named = page.get_by_role("heading", name=heading, exact=True, level=2)
    return page.locator("section.settings").filter(has=named)


def _settle(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    page.evaluate("scrollTo(0, 0)")


def _shoot(what: Page | Locator, file: Path) -> None:
    what.screenshot(path=file, animations="disabled")


@contextlib.contextmanager
def _signed_in() -> Iterator[Page]:
    """Yield a page of the demo, served from nothing, whose gate a program has asked at."""
    root = Path(__file__).parent.parent
    sys.path.insert(0, str(root))
    from tests.browser.looking import ARGUMENTS
    from tests.shipped.server import shipped_server

    with tempfile.TemporaryDirectory() as var, shipped_server(Path(var)) as shipped:
        for _ in range(12):
            subprocess.run(shipped.curl, shell=True, check=True, capture_output=True)  # noqa: S602
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=ARGUMENTS
            )
            page = browser.new_page(base_url=shipped.url, reduced_motion="reduce")
            page.goto("/")
            page.get_by_label("E-mail").fill(shipped.email)
            page.get_by_label("Password", exact=True).fill(shipped.password)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url("**/account/api/")
            yield page
            browser.close()


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    with _signed_in() as page:
        take(page, PICTURES)
