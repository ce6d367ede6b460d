"""/metrics: who may read it."""

import pytest
from django.test import Client

from apicalls import measured
from tests.workhub.test_settings import SECRETS, loaded

TOKEN = "a-token-that-is-long-enough"
BEARER = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def on(settings, monkeypatch):
    """Let there be figures, for who has the token."""
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setattr(measured, "exposition", lambda: b"workhub_figures 1\n")


def scraped(**options):
    # Each process has a middleware of its own; a new client makes a new one.
    options.setdefault("headers", BEARER)
    return Client().get("/metrics", **options)


def test_it_is_not_there_unless_it_is_asked_for(db):
    response = scraped()
    assert response.status_code == 404
    assert "workhub_" not in response.text


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no-header"),
        pytest.param({"authorization": "Bearer another-token-of-that-length"}, id="another"),
        pytest.param({"authorization": f"Bearer {TOKEN}x"}, id="longer"),
        pytest.param({"authorization": f"Basic {TOKEN}"}, id="other-scheme"),
        pytest.param({"authorization": "Bearer \u00fc"}, id="not-ascii"),
    ],
)
def test_without_the_token_nothing_is_told(on, db, headers):
    response = scraped(headers=headers)
    assert (response.status_code, response.content) == (401, b"")
    assert response["WWW-Authenticate"] == 'Bearer realm="Workhub"'


def test_with_the_token_it_is_read_under_any_name_and_not_kept(on, db, settings):
    settings.ALLOWED_HOSTS = ["workhub.example"]
    response = scraped(headers=BEARER | {"host": "10.1.2.3:8000"})
    assert response.status_code == 200
    assert response["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert response["Cache-Control"] == "no-store"
    assert not response.cookies


def test_it_is_only_looked_at(on, db):
    response = Client(enforce_csrf_checks=True).post("/metrics", headers=BEARER)
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("remote", "headers", "status"),
    [
        pytest.param("10.1.2.3", {}, 200, id="of-the-network"),
        pytest.param("::ffff:10.1.2.3", {}, 200, id="mapped"),
        pytest.param("192.0.2.1", {}, 404, id="elsewhere"),
        pytest.param("", {}, 404, id="unix-socket"),
        pytest.param("192.0.2.1", {"x-forwarded-for": "10.1.2.3"}, 404, id="says-so-itself"),
        # A proxy on the machine that nobody named: everybody would come from its address.
        pytest.param("10.1.2.3", {"x-forwarded-for": "192.0.2.1"}, 404, id="unnamed-proxy"),
        pytest.param("10.1.2.3", {"forwarded": "for=192.0.2.1"}, 404, id="unnamed-forwarded"),
        pytest.param("172.16.0.1", {"x-forwarded-for": "10.1.2.3"}, 200, id="through-ours"),
        pytest.param("172.16.0.1", {"x-forwarded-for": "192.0.2.1"}, 404, id="others-through-ours"),
        pytest.param("172.16.0.1", {"x-forwarded-for": "10.1.2.3, 192.0.2.1"}, 404, id="forged"),
    ],
)
def test_only_a_network_that_is_named_reads_it(on, db, settings, remote, headers, status):
    settings.METRICS_TOKEN = ""
    settings.METRICS_NETWORKS = ["10.0.0.0/8"]
    settings.TRUSTED_PROXIES = ["172.16.0.1"]
    assert scraped(headers=headers, REMOTE_ADDR=remote).status_code == status


def test_with_both_set_both_must_hold(on, db, settings):
    settings.METRICS_NETWORKS = ["10.0.0.0/8"]
    assert scraped(REMOTE_ADDR="10.1.2.3").status_code == 200
    assert scraped(REMOTE_ADDR="192.0.2.1").status_code == 404
    assert scraped(REMOTE_ADDR="10.1.2.3", headers={}).status_code == 401


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"METRICS_TOKEN": "short"}, "(workhub.E006) METRICS_TOKEN must have 20 or more"),
        ({"METRICS_TOKEN": "ü" * 20}, "(workhub.E006) METRICS_TOKEN must have 20 or more"),
        ({"METRICS_NETWORKS": "10.0.0.1/8"}, "(workhub.E007) METRICS_NETWORKS holds networks"),
    ],
)
def test_a_setting_that_lets_in_too_many_starts_nothing(environ, said):
    process = loaded(**SECRETS, **environ)
    assert process.returncode != 0
    assert said in process.stderr


def test_the_token_can_come_from_a_file_and_an_empty_one_is_none(tmp_path):
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    show = "s.METRICS_TOKEN"
    assert loaded(show, **SECRETS, METRICS_TOKEN_FILE=str(file)).stdout.strip() == TOKEN
    assert loaded(show, **SECRETS, METRICS_TOKEN="").stdout.strip() == ""


def test_where_nothing_is_counted_it_says_so(on, monkeypatch):
    monkeypatch.setattr(measured, "exposition", lambda: None)
    assert scraped().status_code == 503
