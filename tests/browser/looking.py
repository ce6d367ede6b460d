"""How pages are looked at, and what none of them must have."""

from axe_playwright_python.sync_playwright import Axe

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
OF_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


def faults_of(page, about, options=None):
    """Return what is wrong with the page as it is now: by axe, or wider than the window."""
    faults = [
        f"{about}: {fault['id']}: {[node['target'] for node in fault['nodes']][:3]}"
        for fault in Axe().run(page, options=options).response["violations"]
    ]
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
