"""What holds for every page template of every app, and the error pages."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template, render_to_string

TEMPLATES = sorted(Path(settings.BASE_DIR, "templates").rglob("*.html"))
PARTIALS = [path for path in TEMPLATES if path.name.startswith("_")]
SCRIPTS = sorted(
    path
    for app in ("accounts", "workers", "apicalls")
    for path in Path(settings.BASE_DIR, app, "static", app).rglob("*.js")
)

# The content security policy blocks these, and the first three without a word.
FORBIDDEN = {
    "inline style": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "htmx code in an attribute": re.compile(
        r"\s(hx-on|hx-vals\s*=\s*.?js:|hx-headers\s*=\s*.?js:)"
    ),
    "htmx trigger filter": re.compile(r"hx-trigger\s*=\s*[\"'][^\"']*\["),
    "event attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "inline script": re.compile(r"<script(?![^>]*\ssrc\s*=)[^>]*>", re.IGNORECASE),
    "inline style sheet": re.compile(r"<style\b", re.IGNORECASE),
    "address of another site": re.compile(r"(src|href)\s*=\s*[\"'](https?:)?//", re.IGNORECASE),
}


def _name(path):
    return str(path.relative_to(settings.BASE_DIR))


def _offences(text):
    return [offence for offence, pattern in FORBIDDEN.items() if pattern.search(text)]


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_templates_hold_nothing_that_the_security_policy_blocks(path):
    assert _offences(path.read_text()) == []


@pytest.mark.parametrize(
    ("text", "offence"),
    [
        ('<p class="a" style="color: red">', "inline style"),
        ('<b hx-on:click="x()">', "htmx code in an attribute"),
        ('<b hx-on::after-request="x()">', "htmx code in an attribute"),
        ("<b hx-vals='js:{a: 1}'>", "htmx code in an attribute"),
        ('<b hx-trigger="click[ctrlKey]">', "htmx trigger filter"),
        ('<a href="/"\n   onclick="x()">', "event attribute"),
        ("<script>x()</script>", "inline script"),
        ('<script type="module">x()</script>', "inline script"),
        ("<style>p {}</style>", "inline style sheet"),
        ('<script src="https://cdn.example/x.js"></script>', "address of another site"),
    ],
)
def test_the_check_of_templates_bites(text, offence):
    assert _offences(text) == [offence]


# Elements that a browser closes by guessing when a template forgets to.
CLOSED = ("a", "button", "code", "details", "div", "dl", "form", "li", "p", "section", "span", "ul")


def _unclosed(text):
    return [
        name
        for name in CLOSED
        if len(re.findall(rf"<{name}(?![\w-])", text)) != text.count(f"</{name}>")
    ]


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_templates_close_what_they_open(path):
    assert _unclosed(path.read_text()) == []


def test_the_check_of_what_is_open_bites():
    assert _unclosed('<div><a href="/">x</div>') == ["a"]


@pytest.mark.parametrize(
    "path", [path for path in TEMPLATES if path.name.startswith("_")], ids=_name
)
def test_partials_say_what_they_need(path):
    first_line = path.read_text().splitlines()[0]
    assert re.fullmatch(r"\{# .*Needs: .+ #\}", first_line)


@pytest.mark.parametrize("path", SCRIPTS, ids=_name)
def test_scripts_say_what_they_do_and_evaluate_no_text(path):
    text = path.read_text()
    assert text.startswith("/*")
    assert not re.search(r"\beval\(|new Function\(|setTimeout\([\"']", text)


def test_every_icon_in_use_is_in_the_sprite():
    sprite = Path(settings.BASE_DIR, "accounts/static/vendor/bootstrap-icons/icons.svg").read_text()
    there = set(re.findall(r'<symbol id="([\w-]+)"', sprite))
    named = re.compile(r'(?:_icon\.html" with name|\bicon)="([\w-]+)"')
    used = {icon for path in TEMPLATES for icon in named.findall(path.read_text())}
    assert "chevron-down" in used
    assert used - there == set()


# --- Error pages -----------------------------------------------------------------------


@pytest.mark.parametrize("code", ["400", "500"])
def test_error_pages_stand_without_request_and_database(code):
    # No database fixture: a query would fail this test.
    page = get_template(f"{code}.html").render()
    assert '<main id="content"' in page
    assert 'href="/"' in page


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [("/no-such-page/", 404, "There is no such page")],
)
@pytest.mark.django_db
def test_error_pages_are_in_the_house_look(client, path, status, words):
    response = client.get(path)
    assert response.status_code == status
    assert words in response.content.decode()
    assert "workhub.css" in response.content.decode()


def test_a_404_does_not_repeat_the_address_asked_for():
    page = render_to_string("404.html", {"request_path": "/<script>", "exception": "<script>"})
    assert "&lt;script" not in page
    assert "<script>" not in page
