"""With Redis, what one process counts the others know."""

import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

import pytest

from tests.shipped.server import free_port, shipped_server


@pytest.fixture
def redis_url(tmp_path):
    port = free_port()
    process = subprocess.Popen(
        [shutil.which("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    )
    time.sleep(0.2)
    yield f"rediscache://127.0.0.1:{port}/0"
    process.terminate()
    process.wait(timeout=10)


def sign_in(server, email, password):
    """Send the sign-in form as a browser does; return the page that comes back."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    page = browser.open(server.url + "/sign-in/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    form = {"login": email, "password": password, "csrfmiddlewaretoken": token}
    try:
        answer = browser.open(server.url + "/sign-in/", urllib.parse.urlencode(form).encode())
    except urllib.error.HTTPError as error:
        answer = error
    return answer.read().decode()


@pytest.mark.any_database
def test_guessing_passwords_is_limited_over_all_processes_and_host_headers(tmp_path, redis_url):
    var = tmp_path / "var"
    with (
        shipped_server(var, CACHE_URL=redis_url) as one,
        shipped_server(var, CACHE_URL=redis_url) as two,
    ):
        for server in (one, two, one, two, one):
            assert "is not right" in sign_in(server, one.email, "not the password")
        # Even the right password, and at the process that saw fewer attempts.
        assert "Too many attempts" in sign_in(two, one.email, one.password)
