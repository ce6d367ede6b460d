"""How pages are looked at, and what none of them must have."""

import json
from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT

LANGUAGES = ("en", "fr")
WIDTHS = (1440, 390)
THEMES = ("light", "dark")
# What was seen, for people to look at.
SCREENSHOTS = Path(__file__).parents[2] / "var" / "screenshots"
PICTURED = {(1440, "light"), (390, "dark")}

# Nothing but the page itself is fetched; as root there is no sandbox.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# What another theme can break: the rest of the page is the same.
OF_COLOURS = ("color-contrast", "link-in-text-block")


def faults_of(page, about, rules=(), *, is_covered=False):
    """Return what is wrong with the page as it is now: by axe, or wider than the window.

    By all rules of axe, or by these.
    """
    # The rule of WCAG 2.2 that axe has but leaves out unless it is asked for.
    sizes = {"target-size": {"enabled": not is_covered}}
    options = {"resultTypes": ["violations"], "rules": sizes}
    if rules:
        options["runOnly"] = {"type": "rule", "values": rules}
    # Once for each page that is loaded: it is half a megabyte.
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(AXE_SCRIPT)
    violations = page.evaluate(
        f"axe.run({json.dumps(options)}).then(found => found.violations.map("
        "fault => [fault.id, fault.nodes.slice(0, 3).map(node => node.target)]))"
    )
    faults = [f"{about}: {rule}: {targets}" for rule, targets in violations]
    overflow = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    if overflow > 0:
        faults.append(f"{about}: {overflow} px too wide")
    return faults


def settle(page):
    """Wait until what a page asks for by itself has come."""
    page.wait_for_load_state()
    # Asked again and again from here: a page that may not evaluate text cannot do so itself.
    for _ in range(200):
        if page.evaluate("document.querySelector('.htmx-request') === null"):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"{page.url} still waits for a part of it")


def in_theme(page, theme):
    """Show the page in the theme, as the switch in the menu does."""
    # Without motion: colours do not fade into each other while they are looked at.
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme }", theme)


def look(page, about, name, language, *, is_covered=False):
    """Return what is wrong with the page at each width in each theme, and keep how it looked.

    `is_covered` says that something stands over a part of it, as an open menu does: what shows
    of a link beneath is no measure of its size.
    """
    faults = []
    settle(page)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for theme in THEMES:
            in_theme(page, theme)
            # What colours have nothing to do with is looked at once in each width.
            rules = OF_COLOURS if theme == "dark" else ()
            shown_as = f"{about} ({language}, {width}, {theme})"
            faults += faults_of(page, shown_as, rules, is_covered=is_covered)
            if (width, theme) in PICTURED:
                file = SCREENSHOTS / language / f"{width}-{theme}" / f"{name}.jpg"
                page.screenshot(path=file, full_page=True, type="jpeg", quality=70)
    page.set_viewport_size({"width": 1440, "height": 900})
    return faults
