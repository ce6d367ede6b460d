"""What people do in a browser to get in and out, with a second factor where they have one."""

import re
import time

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import expect

from tests.browser.looking import faults_of

PASSWORD = "a long enough password"


def sign_in(page, email):
    page.goto("/sign-in/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def sign_out(page):
    page.locator(".user-menu").get_by_role("button").first.click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/sign-in/$"))


def code(secret, steps=0):
    """Return what an app with this secret shows so many steps of 30 seconds from now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def set_up(page):
    """Set up a second factor on the page that is open, by keyboard; return secret and codes."""
    expect(page.get_by_role("heading", name="Set up a second factor")).to_be_visible()
    # The picture is there, which a policy would block without a word to the person.
    assert page.locator(".qr-code").evaluate("image => image.naturalWidth") > 0
    secret = page.locator("#second-factor-secret").inner_text().replace(" ", "")
    page.get_by_label("Code that the app shows").focus()
    page.keyboard.type(code(secret))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    codes = page.locator(".recovery-codes code").all_inner_texts()
    assert len(codes) == 10
    assert faults_of(page, "the recovery codes") == []
    return secret, codes
