"""An admin of an empty company, from the template file to the gate's answer."""

import csv
import json
import re
import subprocess
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.any_database

PASSWORD = "a long enough password"
MAKE_COMPANY = f"""
from accounts.models import Company, Role, User
company = Company.objects.create(name="Prairie Hoist", time_zone="America/Edmonton")
User.objects.create_user(
    "eva@prairie-hoist.example", {PASSWORD!r}, name="Eva Prairie", company=company, role=Role.ADMIN
)
"""
FIRST_NAMES = [
    *("Ann", "Ben", "Cai", "Dee", "Eli", "Fay", "Gus", "Hal", "Ida", "Jon"),
    *("Kay", "Lee", "Mia", "Ned", "Ona", "Pam", "Quy", "Ray", "Sue", "Tom"),
]


@pytest.fixture
def page(new_page, shipped):
    shipped.manage("shell", "--verbosity", "0", "--command", MAKE_COMPANY)
    page = new_page()
    page.goto("/")
    page.get_by_label("E-mail").fill("eva@prairie-hoist.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/account/api/$"))
    return page


def fill_template(page, path, *, with_faults):
    """Download the template for workers, and fill it with 20 of whom 3 cannot be taken."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Workers").click()
    page.get_by_role("link", name="Import", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").first.click()
    with download.value.path().open(encoding="utf-8-sig", newline="") as file:
        headings = next(csv.reader(file))
    rows = []
    for number, first_name in enumerate(FIRST_NAMES, start=1):
        row = dict.fromkeys(headings, "")
        row |= {
            "ID#": f"{number:05}",
            "First name": first_name,
            "Last name": "Okafor",
            "Position": "Crane Operator" if number <= 10 else "Welder",
            "Location": "Calgary Yard",
        }
        rows.append(row)
    if with_faults:
        rows[3]["Last name"] = ""
        rows[7]["Worker type"] = "robot"
        rows[11]["Hired on"] = "2026-02-31"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, headings)
        writer.writeheader()
        writer.writerows(rows)


def upload(page, path):
    page.get_by_role("link", name="Import", exact=True).click()
    page.get_by_role("radio", name="Workers").check()
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("button", name="Check the rows").click(timeout=30_000)


def row(page, name):
    return page.get_by_role("row").filter(has_text=name)


def compliance_of(shipped, header, id_number):
    """Return what the gate is told."""
    address = f"{shipped.url}/api/v1/worker-compliance?workerIDNumber={id_number}"
    command = ["curl", "-s", "-H", f"Authorization: {header}", address]
    return json.loads(subprocess.check_output(command))["compliance"]


def add_call(page):
    """Add an API call by ID#, and return its header."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/account/api/templates/")
    page.get_by_role("button", name="Add").first.click()
    page.get_by_label("WorkerIDNumber").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_role("button", name="Copy header").click()
    expect(page.locator("#live")).to_have_text("Copied")
    return page.evaluate("navigator.clipboard.readText()")


def test_from_a_spreadsheet_to_the_answer_of_the_gate(page, shipped, tmp_path):
    today = datetime.now(ZoneInfo("America/Edmonton")).date()

    # Import: three rows are named with what is wrong, nothing is imported; mended, all are.
    fill_template(page, tmp_path / "bad.csv", with_faults=True)
    upload(page, tmp_path / "bad.csv")
    expect(page.get_by_role("main")).to_contain_text(re.compile(r"3\s+Bad"), timeout=30_000)
    page.goto("/workers/")
    expect(page.get_by_role("main")).to_contain_text("No active workers yet")
    fill_template(page, tmp_path / "good.csv", with_faults=False)
    upload(page, tmp_path / "good.csv")
    page.get_by_role("button", name=re.compile("Import")).click(timeout=30_000)
    expect(page.get_by_role("main")).to_contain_text("20", timeout=30_000)
    page.goto("/workers/")
    expect(row(page, "Ann Okafor")).to_contain_text("00001")
    expect(row(page, "Ann Okafor")).to_contain_text("Nothing required")
    header = add_call(page)
    assert compliance_of(shipped, header, "00001")["status"] == "nothing_required"

    # First Aid, asked of crane operators.
    page.goto("/workers/requirements/add/")
    page.get_by_label("Component").select_option("certificate")
    page.get_by_label("Name", exact=True).fill("First Aid")
    page.get_by_role("button", name=re.compile("Add|Save")).click()
    expect(page.get_by_text("First Aid is added. Assign it next.")).to_be_visible()
    page.goto("/workers/assignments/")
    page.get_by_label(re.compile("First Aid.*Crane Operator")).select_option("required")
    expect(page.get_by_text("Saving touches 10 workers.")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Save")).click()
    expect(page.get_by_text("1 assignment saved.")).to_be_visible()
    page.goto("/workers/")
    expect(row(page, "Ann Okafor")).to_contain_text("Not compliant")
    expect(row(page, "Tom Okafor")).to_contain_text("Nothing required")
    assert compliance_of(shipped, header, "00001")["percent"] == 0

    # A certificate that lapses in ten days is coming due.
    page.get_by_role("link", name="Ann Okafor").click()
    expect(page.get_by_role("main")).to_contain_text("Required because: Crane Operator")
    page.get_by_role("link", name="Add record").first.click()
    form = page.get_by_role("main")
    form.get_by_label("Requirement").select_option(label="First Aid")
    form.get_by_label("State").select_option("approved")
    form.get_by_label("Completed on").fill((today - timedelta(days=300)).isoformat())
    form.get_by_label("Expires on").fill((today + timedelta(days=10)).isoformat())
    form.get_by_role("button", name="Add record").click()
    expect(page.get_by_role("main")).to_contain_text("Coming due")
    answer = compliance_of(shipped, header, "00001")
    assert (answer["compliant"], answer["percent"], answer["comingDue"]) == (True, 100, 1)
    assert answer["items"][0]["expiresOn"] == (today + timedelta(days=10)).isoformat()

    # What waits is approved, and the gate knows at once.
    page.goto("/workers/?q=Ben")
    page.get_by_role("link", name="Ben Okafor").click()
    page.get_by_role("link", name="Add record").first.click()
    form = page.get_by_role("main")
    form.get_by_label("Requirement").select_option(label="First Aid")
    form.get_by_label("State").select_option("submitted")
    form.get_by_label("Submitted on").fill(today.isoformat())
    form.get_by_role("button", name="Add record").click()
    expect(page.get_by_role("main")).to_contain_text("Waiting for approval")
    assert compliance_of(shipped, header, "00002")["items"][0]["status"] == "waiting_for_approval"
    page.get_by_role("link", name="Waiting for approval").first.click()
    page.get_by_role("button", name=re.compile("Approve")).click()
    expect(page.get_by_role("status").first).to_contain_text("pproved")
    assert compliance_of(shipped, header, "00002")["compliant"] is True
