"""A second factor, from setting it up to the day the phone is lost; and invitations."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.looking import faults_of
from tests.browser.people import PASSWORD, code, set_up, sign_in, sign_out

pytestmark = pytest.mark.any_database


def test_a_second_factor_is_set_up_asked_for_and_replaced_by_a_recovery_code(new_page, company_of):
    [ivy] = company_of("Ivycorp", ivy="owner")
    page = new_page()
    sign_in(page, ivy)
    page.get_by_role("button", name="Ivy").click()
    page.get_by_role("link", name="Second factor").click()
    page.get_by_role("link", name="Set up").click()
    assert faults_of(page, "setting it up") == []
    secret, codes = set_up(page)
    page.get_by_role("link", name="I have stored them").click()
    sign_out(page)

    sign_in(page, ivy)
    expect(page.get_by_role("heading", name="Enter your code")).to_be_visible()
    assert faults_of(page, "the question for the code") == []
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("This code is not right")).to_be_visible()
    # The code that set it up is spent; the next one is good already.
    page.get_by_label("Code").fill(code(secret, steps=1))
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/account/api/$"))
    sign_out(page)

    # The phone is lost: a recovery code lets in, and only once.
    sign_in(page, ivy)
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/account/api/$"))
    page.goto("/you/second-factor/")
    expect(page.get_by_text("9 codes are left.")).to_be_visible()
    assert faults_of(page, "the second factor") == []
    sign_out(page)
    sign_in(page, ivy)
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("This code is not right")).to_be_visible()
    page.get_by_role("button", name="Back to sign-in").click()
    expect(page.get_by_role("heading", name="Sign in to Workhub")).to_be_visible()


def test_what_the_company_requires_comes_first_and_an_admin_helps(new_page, company_of):
    [ola, mo] = company_of("Olacorp", ola="owner", mo="manager")
    owner = new_page()
    sign_in(owner, ola)
    owner.goto("/account/company/")
    owner.get_by_label("Second factor required").check()
    owner.get_by_role("button", name="Save what is required").click()
    # It holds for who requires it, too.
    set_up(owner)
    owner.goto("/account/people/")
    expect(owner.get_by_role("row").filter(has_text="(you)")).to_contain_text("Yes")

    page = new_page()
    sign_in(page, mo)
    for path in ("/workers/", "/account/api/", "/you/sessions/", "/docs/"):
        page.goto(path)
        expect(page).to_have_url(re.compile("/you/second-factor/add/$"))
    set_up(page)
    page.goto("/workers/")
    expect(page).to_have_url(re.compile("/workers/$"))

    # An owner resets it: from the next click on another one is set up.
    owner.get_by_role("link", name="Mo@", exact=False).first.click()
    owner.get_by_role("link", name="Reset second factor").click()
    dialog = owner.get_by_role("dialog")
    expect(dialog).to_contain_text("Make sure that it is really them")
    dialog.get_by_role("button", name="Reset second factor").click()
    expect(owner.get_by_text("has no second factor now")).to_be_visible()
    page.goto("/workers/")
    expect(page).to_have_url(re.compile("/you/second-factor/add/$"))


def test_who_was_not_seen_for_long_confirms_and_presses_again(new_page, signed_in, shipped):
    page = signed_in()
    page.get_by_role("link", name="Gate").click()
    forget = (
        "from django.contrib.sessions.backends.db import SessionStore\n"
        "session = SessionStore('{key}')\n"
        "session['account_authentication_methods'] = []\n"
        "session.save()"
    )
    [cookie] = [one for one in page.context.cookies() if one["name"] == "sessionid"]
    shipped.manage("shell", "--verbosity", "0", "--command", forget.format(key=cookie["value"]))
    details = page.url
    page.get_by_role("button", name="Show Client Secret").click()
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    assert faults_of(page, "the question who it is") == []
    page.get_by_label("Password", exact=True).fill(shipped.password)
    page.keyboard.press("Enter")
    expect(page).to_have_url(details)
    expect(page.get_by_text("press the button again")).to_be_visible()
    expect(page.locator("#client-secret")).to_have_text("•" * 32)
    page.get_by_role("button", name="Show Client Secret").click()
    expect(page.locator("#client-secret")).not_to_contain_text("•")

    # A button that copies asks the same way.
    shipped.manage("shell", "--verbosity", "0", "--command", forget.format(key=cookie["value"]))
    page.goto(details)
    page.get_by_role("button", name="Copy header").click()
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    page.get_by_role("link", name="Cancel").click()
    expect(page).to_have_url(details)


def test_somebody_is_invited_by_a_copied_link_and_their_session_is_ended(new_page, company_of):
    [ola] = company_of("Invicorp", ola="owner")
    owner = new_page()
    owner.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(owner, ola)
    owner.goto("/account/people/")
    owner.get_by_role("link", name="Invite person").click()
    dialog = owner.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Ivy New")
    dialog.get_by_label("E-mail").fill("ivy@new-invicorp.example")
    dialog.get_by_label("Role").select_option("manager")
    dialog.get_by_role("button", name="Invite", exact=True).click()
    expect(owner.get_by_role("heading", name="Pass this link on to Ivy New")).to_be_visible()
    assert faults_of(owner, "the link") == []
    owner.get_by_role("button", name="Copy the link").click()
    expect(owner.locator("#live")).to_have_text("Copied")
    link = owner.evaluate("navigator.clipboard.readText()")
    owner.get_by_role("link", name="Done").click()
    expect(owner.get_by_role("row").filter(has_text="Ivy New")).to_contain_text("Manager")
    assert faults_of(owner, "people and who is invited") == []

    page = new_page()
    page.goto(link)
    expect(page.get_by_role("heading", name="Welcome to Invicorp")).to_be_visible()
    assert faults_of(page, "the invitation") == []
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_label("New password, again").fill(PASSWORD)
    page.get_by_role("button", name="Set password and sign in").click()
    expect(page).to_have_url(re.compile("/account/api/$"))

    again = new_page()
    again.goto(link)
    expect(again.get_by_role("heading", name="This link no longer works")).to_be_visible()

    # Ivy signs in a second time and ends the first from there.
    sign_in(again, "ivy@new-invicorp.example")
    again.goto("/you/sessions/")
    expect(again.get_by_role("row").filter(has_text="This one")).to_have_count(1)
    assert faults_of(again, "the sessions") == []
    again.get_by_role("button", name="End the session of").click()
    expect(again.get_by_text("That session has ended.")).to_be_visible()
    page.goto("/account/api/")
    expect(page).to_have_url(re.compile("/sign-in/"))
