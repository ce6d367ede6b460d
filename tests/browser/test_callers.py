"""Three programs use one API call with two pairs: the page tells them apart, and stops one."""

import json
import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.shipped.test_newman import NEWMAN

pytestmark = pytest.mark.any_database

NETWORK = "127.0.0.0/24"
# What each is told by, and what the admin calls it.
CURL = (f"curl, {NETWORK}", "Turnstile")
PYTHON = (f"Python-urllib, {NETWORK}", "Dispatch desk")
POSTMAN = (f"PostmanRuntime, {NETWORK}", "Vendor's trial")

IN_PYTHON = """
import sys, urllib.error, urllib.request
request = urllib.request.Request(sys.argv[1], headers={"Authorization": sys.argv[2]})
try:
    answer = urllib.request.urlopen(request, timeout=30)
except urllib.error.HTTPError as error:
    answer = error
print(answer.read().decode())
print(answer.status)
"""


def told(output):
    """Return status and the problem's code, "" without one, of what a program printed."""
    body, _, status = output.strip().rpartition("\n")
    return int(status), json.loads(body).get("code", "")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def by_curl(address, header):
    return told(
        run("curl", "-s", "-w", "\n%{http_code}", "-H", f"Authorization: {header}", address)
    )


def by_python(address, header):
    return told(run(sys.executable, "-c", IN_PYTHON, address, header))


@pytest.fixture
def by_newman(tmp_path):
    def ask(address, header):
        file, export = tmp_path / "collection.json", tmp_path / "run.json"
        request = {
            "method": "GET",
            "header": [{"key": "Authorization", "value": header}],
            "url": address,
        }
        schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
        info = {"name": "One worker", "schema": schema}
        file.write_text(json.dumps({"info": info, "item": [{"name": "Ask", "request": request}]}))
        run(NEWMAN, "run", file, "--reporters", "json", "--reporter-json-export", export)
        [execution] = json.loads(export.read_text())["run"]["executions"]
        response = execution["response"]
        body = bytes(response["stream"]["data"]).decode()
        return told(f"{body}\n{response['code']}")

    return ask


@pytest.fixture
def page(signed_in):
    page = signed_in()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return page


@pytest.fixture
def address(page):
    """The address to ask, of an API call of its own, whose details page is open."""
    page.get_by_role("link", name="Add API call").click()
    card = page.get_by_role("dialog").get_by_role("listitem").filter(has_text="Worker compliance")
    card.get_by_role("button", name="Add").first.click()
    page.get_by_label("Name", exact=True).fill("Three programs")
    page.get_by_label("WorkerIDNumber").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    template = page.locator("#website-address-text").inner_text()
    return template.replace("{workerIDNumber}", "00417")


def copied_header(page):
    page.get_by_role("button", name="Copy header", exact=True).click()
    expect(page.locator("#live")).to_have_text("Copied")
    return page.evaluate("navigator.clipboard.readText()")


def key_of(header):
    return re.fullmatch(r"amx (\w+):\w+", header)[1]


def regenerate(page):
    page.get_by_role("link", name="Regenerate").click()
    page.get_by_role("dialog").get_by_role("button", name="Regenerate now").click()
    expect(page.get_by_text("The old ones no longer work")).to_be_visible()


def row_of(page, caller):
    return page.get_by_role("region", name="Callers").get_by_role("row").filter(has_text=caller[0])


def change(page, caller, *, name=None, state=None):
    row = row_of(page, caller)
    if name:
        row.get_by_label("name").fill(name)
    if state:
        row.get_by_label("state").select_option(state)
    row.get_by_role("button", name="Save").click()
    expect(page.get_by_text("It holds from the next request on.")).to_be_visible()


def test_three_programs_with_two_pairs_are_named_and_one_is_blocked(page, address, by_newman):
    details = page.url
    old = copied_header(page)
    assert by_curl(address, old) == (200, "")
    assert by_python(address, old) == (200, "")
    regenerate(page)
    new = copied_header(page)
    assert key_of(new) != key_of(old)
    assert by_python(address, new) == (200, "")
    assert by_newman(address, new) == (200, "")
    assert by_curl(address, old) == (401, "invalid_credentials")

    # Who has not been given the new pair is seen at once.
    page.goto(f"{details}usage/")
    for caller in (CURL, PYTHON, POSTMAN):
        expect(row_of(page, caller)).to_contain_text("Not named")
        change(page, caller, name=caller[1])
    for caller, header in ((CURL, old), (PYTHON, new), (POSTMAN, new)):
        row = row_of(page, caller)
        expect(row.get_by_role("rowheader")).to_contain_text(caller[1])
        expect(row.locator("td[data-label='Client Key in use']")).to_contain_text(key_of(header))
        expect(row.get_by_text("Old", exact=True)).to_have_count(1 if header == old else 0)
    expect(page.get_by_text("Not named")).to_have_count(0)

    assert by_curl(address, new) == (200, "")
    page.reload()
    expect(row_of(page, CURL)).to_contain_text(key_of(new))
    expect(row_of(page, CURL).get_by_text("Old", exact=True)).to_have_count(0)

    change(page, POSTMAN, state="Blocked")
    assert by_newman(address, new) == (403, "caller_blocked")
    assert by_curl(address, new) == (200, "")
    assert by_python(address, new) == (200, "")
    change(page, POSTMAN, state="Answered")
    assert by_newman(address, new) == (200, "")
