"""The kit of each template's call, as it is downloaded and as it is shown: it works unedited."""

import json
import re
import subprocess
import sys
import urllib.parse
import urllib.request
from html import unescape

import pytest

from tests.shipped.test_newman import NEWMAN

NAMES = ["Gate", "HR roster", "Data warehouse", "Renewal reminders"]
# What an answer of each holds.
HOLDS = {
    "Gate": "TEST-COMPLIANT",
    "HR roster": "compliant",
    "Data warehouse": "latest",
    "Renewal reminders": "expiresOn",
}
RUN = {
    "curl": ["bash", "-e"],
    "python": [sys.executable, "-"],
    "javascript": ["node", "-"],
}


@pytest.fixture(scope="module")
def signed_in(shipped):
    """Return a function that asks for a page as the demo's admin: path, and what to POST."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())

    def token(page):
        return re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]

    def ask(path, data=None):
        if data is not None:
            data = urllib.parse.urlencode({"csrfmiddlewaretoken": ask.token, **data}).encode()
        headers = {"Referer": shipped.url}
        request = urllib.request.Request(shipped.url + path, data=data, headers=headers)
        with opener.open(request, timeout=30) as answer:
            page = answer.read().decode()
        if "csrfmiddlewaretoken" in page:
            ask.token = token(page)
        return page

    ask("/")
    ask("/sign-in/", {"login": shipped.email, "password": shipped.password})
    return ask


@pytest.fixture(scope="module")
def calls(signed_in):
    """The demo's calls: name -> path of the details page."""
    page = signed_in("/account/api/")
    found = re.findall(r'href="(/account/api/[0-9a-f-]{36}/)"[^>]*>([^<]+)<', page)
    return {name.strip(): path for path, name in found}


def shown(page, language):
    """Return a snippet as a person copies it from the page."""
    return unescape(re.search(rf'<code id="snippet-{language}">(.*?)</code>', page, re.DOTALL)[1])


def run(command, code):
    return subprocess.run(command, input=code, capture_output=True, text=True, timeout=60)


@pytest.fixture(params=["json", "xml"])
def output_format(shipped, request):
    """All calls of the demo's first company in one format, and as they were afterwards."""
    stored = json.loads(
        shipped.manage(
            "shell",
            "-v0",
            "-c",
            "import json; from apicalls.models import APICall; "
            "print(json.dumps(dict(APICall.objects.values_list('pk', 'output_format'))))",
        )
    )
    _set(shipped, dict.fromkeys(stored, request.param))
    yield request.param
    _set(shipped, stored)


def _set(shipped, formats):
    shipped.manage(
        "shell",
        "-v0",
        "-c",
        "from apicalls.models import APICall\n"
        f"for pk, value in {formats!r}.items():\n"
        "    APICall.objects.filter(pk=pk).update(output_format=value)",
    )


@pytest.mark.any_database
def test_newman_runs_what_is_downloaded_unedited(signed_in, calls, tmp_path, output_format):
    for name in NAMES:
        path = calls[name]
        collection = tmp_path / "collection.json"
        collection.write_text(signed_in(f"{path}kit/postman-collection/"))
        environment = tmp_path / "environment.json"
        signed_in(f"{path}kit/")
        environment.write_text(signed_in(f"{path}kit/postman-environment/", {"secret": "1"}))
        result = subprocess.run(
            [NEWMAN, "run", collection, "--environment", environment, "--reporters", "cli"],
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        secret = json.loads(environment.read_text())["values"][2]["value"]
        assert len(secret) == 32
        assert secret not in collection.read_text()


@pytest.mark.any_database
def test_each_snippet_runs_as_it_is_shown(signed_in, calls, output_format):
    for name in NAMES:
        signed_in(f"{calls[name]}kit/")
        page = signed_in(f"{calls[name]}kit/secret/", {})
        for language, command in RUN.items():
            code = unescape(
                re.search(rf'<code id="snippet-{language}">(.*?)</code>', page, re.DOTALL)[1]
            )
            result = subprocess.run(command, input=code, capture_output=True, text=True, timeout=60)
            assert result.returncode == 0, (language, code, result.stderr)
            assert HOLDS[name] in result.stdout, (language, result.stdout)


@pytest.mark.any_database
def test_a_snippet_says_what_the_problem_is(signed_in, calls):
    """Without the secret, which nobody asked for, each ends with the problem's detail."""
    page = signed_in(f"{calls['Gate']}kit/")
    assert "CLIENT_SECRET" in page
    for language, command in RUN.items():
        code = unescape(
            re.search(rf'<code id="snippet-{language}">(.*?)</code>', page, re.DOTALL)[1]
        )
        result = subprocess.run(command, input=code, capture_output=True, text=True, timeout=60)
        assert result.returncode != 0
        assert "malformed_authorization" in result.stdout + result.stderr
