"""What the help article describes, from signing in to a regenerated pair."""

import json
import subprocess

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.any_database

WORKER = {"workerIDNumber": "00417"}
SCHEMA = "/api/v1/schemas/worker-compliance.xsd"


def fill_in(address, **values):
    for name, value in values.items():
        address = address.replace("{" + name + "}", value)
    return address


def curl(address, header):
    """Return status, content type and body that another program gets."""
    command = [
        "curl",
        "-s",
        "-H",
        f"Authorization: {header}",
        "-w",
        "\n%{http_code} %{content_type}",
    ]
    output = subprocess.check_output([*command, address], text=True)
    body, _, facts = output.rpartition("\n")
    status, _, content_type = facts.partition(" ")
    return int(status), content_type, body


@pytest.fixture
def page(signed_in):
    page = signed_in()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return page


def add_call(page, name):
    page.get_by_role("navigation", name="Account").get_by_role("link", name="API").click()
    page.get_by_role("link", name="Add API call").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="API templates")).to_be_visible()
    card = dialog.get_by_role("listitem").filter(has_text="Worker compliance")
    card.get_by_role("button", name="Add").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Worker compliance")
    page.get_by_label("Name", exact=True).fill(name)
    return page


def save(page):
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()


def copied(page, button, said="Copied"):
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.locator("#live")).to_have_text(said)
    return page.evaluate("navigator.clipboard.readText()")


def test_an_admin_adds_a_call_sets_it_and_another_program_is_answered(page, tmp_path):
    add_call(page, "Dispatch")
    address = page.locator("#website-address-text")
    expect(address).to_have_text(page.url.split("/account")[0] + "/api/v1/worker-compliance")
    expect(page.get_by_text("until then the API call cannot be used")).to_be_visible()

    # The address follows the boxes before anything is saved.
    by_number = page.get_by_label("WorkerIDNumber")
    by_name = page.get_by_label("FirstName&MiddleName&LastName")
    by_number.check()
    expect(address).to_contain_text("?workerIDNumber={workerIDNumber}")
    by_name.check()
    expect(address).to_contain_text(
        "&firstName={firstName}&middleName={middleName}&lastName={lastName}"
    )
    by_number.uncheck()
    expect(address).not_to_contain_text("workerIDNumber")
    by_name.uncheck()
    by_number.check()
    expect(address).to_contain_text("?workerIDNumber={workerIDNumber}")
    expect(page.get_by_text("Save to make it work")).to_be_visible()
    save(page)

    # What is copied, though the page never showed the secret, works in another program.
    header = copied(page, "Copy header")
    website_address = copied(page, "Copy")
    assert website_address == address.inner_text()
    assert header.startswith("amx ")
    assert header.split(":")[1] not in page.content()
    status, content_type, body = curl(fill_in(website_address, **WORKER), header)
    assert (status, content_type) == (200, "application/json")
    as_json = json.loads(body)
    assert as_json["worker"]["workerIDNumber"] == "00417"

    page.get_by_label("XML").check()
    # The program that just asked reads JSON, which is said before it is saved.
    rehearsal = page.locator("#change-rehearsal")
    expect(rehearsal).to_contain_text("Saving this breaks 1 program")
    expect(rehearsal).to_contain_text("It reads JSON, and would get XML.")
    save(page)
    status, content_type, body = curl(fill_in(website_address, **WORKER), header)
    assert (status, content_type) == (200, "application/xml; charset=utf-8")
    assert "<workerIDNumber>00417</workerIDNumber>" in body
    assert f"<lastName>{as_json['worker']['lastName']}</lastName>" in body
    schema = tmp_path / "worker-compliance.xsd"
    schema.write_text(curl(page.url.split("/account")[0] + SCHEMA, header)[2])
    subprocess.run(
        ["xmllint", "--noout", "--schema", schema, "-"], input=body, text=True, check=True
    )
    page.get_by_label("JSON").check()
    expect(rehearsal).to_contain_text("It reads XML, and would get JSON.")
    save(page)

    page.get_by_role("link", name="Regenerate").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 program is refused until it has the new header")
    dialog.get_by_role("button", name="Regenerate now").click()
    expect(page.get_by_text("The old ones no longer work")).to_be_visible()
    status, _, body = curl(fill_in(website_address, **WORKER), header)
    assert (status, json.loads(body)["code"]) == (401, "invalid_credentials")
    new_header = copied(page, "Copy header")
    assert curl(fill_in(website_address, **WORKER), new_header)[0] == 200

    # A second call has a pair of its own, and both are listed.
    add_call(page, "HR")
    page.get_by_label("WorkerIDNumber").check()
    save(page)
    hr_header = copied(page, "Copy header")
    assert hr_header.split(":")[0] != new_header.split(":")[0]
    assert hr_header.split(":")[1] != new_header.split(":")[1]
    page.get_by_role("link", name="API calls").click()
    for name in ("Dispatch", "HR"):
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()


def test_a_secret_is_shown_when_asked_for_and_hidden_again(page):
    add_call(page, "Shown")
    secret = page.locator("#client-secret")
    expect(secret).to_have_text("•" * 32)
    page.get_by_role("button", name="Show Client Secret").click()
    expect(secret).not_to_contain_text("•")
    assert len(secret.inner_text()) == 32
    assert copied(page, "Copy Client Secret") == secret.inner_text()
    page.get_by_role("link", name="Hide").click()
    expect(secret).to_have_text("•" * 32)


def test_a_shown_secret_hides_itself_after_a_minute(page):
    page.clock.install()
    add_call(page, "Left alone")
    page.get_by_role("button", name="Show Client Secret").click()
    expect(page.locator("#client-secret")).not_to_contain_text("•")
    # The minute begins when the new content has settled.
    expect(page.locator(".htmx-settling, .htmx-added")).to_have_count(0)
    page.clock.fast_forward(61_000)
    expect(page.locator("#client-secret")).to_have_text("•" * 32)


def test_copying_selects_the_text_where_the_clipboard_is_blocked(signed_in):
    page = signed_in()
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.reload()
    add_call(page, "Blocked")
    page.get_by_role("button", name="Copy header").click()
    expect(page.locator("#live")).to_contain_text("The text is selected")
    selected = page.evaluate(
        "document.activeElement.value.slice("
        "document.activeElement.selectionStart, document.activeElement.selectionEnd)"
    )
    assert selected.startswith("amx ")
    assert len(selected) == len("amx ") + 14 + 1 + 32


def test_everything_works_without_scripts(new_page, shipped):
    page = new_page(java_script_enabled=False)
    page.goto("/")
    page.get_by_label("E-mail").fill(shipped.email)
    page.get_by_label("Password", exact=True).fill(shipped.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Add API call").click()
    page.get_by_role("button", name="Add").first.click()
    page.get_by_label("Name", exact=True).fill("Plain")
    page.get_by_label("WorkerIDNumber").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#website-address-text")).to_contain_text("{workerIDNumber}")
    page.get_by_role("button", name="Show Client Secret").click()
    secret = page.locator("#client-secret").inner_text()
    assert len(secret) == 32
    assert "•" not in secret
    page.goto(page.url.removesuffix("secret/show/"))
    page.get_by_role("link", name="Regenerate").click()
    page.get_by_role("button", name="Regenerate now").click()
    expect(page.get_by_text("The old ones no longer work")).to_be_visible()
