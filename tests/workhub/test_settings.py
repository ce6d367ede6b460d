"""Settings of a process of their own: what is refused, and in which words."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.any_database

ROOT = Path(__file__).parents[2]
SECRETS = {
    "SECRET_KEY": "a-secret-key-of-the-tests-that-is-long-enough-to-be-taken-for-real",
    "CREDENTIAL_PEPPERS": "1:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",
    "CREDENTIAL_KEYS": "1:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=",
}
HOW = "Make a set with: python -m workhub.environment"
IDS = {
    "SECRET_KEY": "workhub.E001",
    "CREDENTIAL_PEPPERS": "workhub.E002",
    "CREDENTIAL_KEYS": "workhub.E003",
}


def loaded(show="", **environ):
    """Load the settings in a process with that environment and nothing else."""
    program = f"from workhub import settings as s; print({show})"
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"ENV_FILE": os.devnull, "PATH": os.environ["PATH"]} | environ,
    )


def last_line(process):
    return process.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("value", [None, "", " "], ids=["missing", "empty", "blank"])
def test_without_a_secret_nothing_starts_and_it_is_named(name, value):
    environ = {**SECRETS, name: value}
    process = loaded(**{key: text for key, text in environ.items() if text is not None})
    assert process.returncode != 0
    assert last_line(process) == (
        "django.core.exceptions.ImproperlyConfigured: "
        f"Workhub does not start: ({IDS[name]}) {name} is not set. {HOW}"
    )


def test_everything_that_is_missing_is_named_at_once():
    process = loaded()
    assert last_line(process).endswith(
        "Workhub does not start: (workhub.E001) SECRET_KEY is not set; "
        "(workhub.E002) CREDENTIAL_PEPPERS is not set; "
        f"(workhub.E003) CREDENTIAL_KEYS is not set. {HOW}"
    )


def test_malformed_keys_are_named_and_not_shown():
    process = loaded(**SECRETS | {"CREDENTIAL_KEYS": "1:c2VjcmV0"})
    assert "CREDENTIAL_KEYS: each entry reads NUMBER:KEY" in last_line(process)
    assert "c2VjcmV0" not in process.stderr


@pytest.mark.parametrize(
    "site_url",
    [
        pytest.param("workhub.example.com", id="no-scheme"),
        pytest.param("ftp://workhub.example.com", id="other-scheme"),
        pytest.param("javascript:alert(1)", id="script"),
        pytest.param("https://", id="no-host"),
        pytest.param("https:///path", id="no-host-but-a-path"),
        pytest.param("https://workhub.example.com?a=1", id="query"),
        pytest.param("https://workhub.example.com#a", id="fragment"),
        pytest.param("https://[::1", id="unclosed-bracket"),
        pytest.param("https://workhub.example.com:port", id="no-port-number"),
        pytest.param("https://workhub.example.com:99999", id="port-too-high"),
        pytest.param("https://user:word@workhub.example.com", id="password"),
        pytest.param("https://work hub.example.com", id="blank"),
        pytest.param("https://workhub.example.com/{a}", id="braces"),
        pytest.param("", id="empty"),
    ],
)
def test_a_bad_site_url_stops_the_start_and_says_how_it_reads(site_url):
    process = loaded(**SECRETS, SITE_URL=site_url)
    assert process.returncode != 0
    assert "SITE_URL must read like https://workhub.example.com" in last_line(process)


@pytest.mark.parametrize(
    ("site_url", "shown"),
    [
        pytest.param(
            "https://workhub.example.com/",
            "https://workhub.example.com ['workhub.example.com'] ['https://workhub.example.com']"
            " True 31536000 True",
            id="https",
        ),
        pytest.param(
            "http://127.0.0.1:8001",
            "http://127.0.0.1:8001 ['127.0.0.1'] ['http://127.0.0.1:8001'] False 0 False",
            id="http-with-a-port",
        ),
        pytest.param(
            "https://[::1]:8443/hub/",
            "https://[::1]:8443/hub ['[::1]'] ['https://[::1]:8443'] True 31536000 True",
            id="ipv6-with-a-path",
        ),
    ],
)
def test_the_site_url_decides_hosts_origins_and_cookies(site_url, shown):
    show = (
        "s.SITE_URL, s.ALLOWED_HOSTS, s.CSRF_TRUSTED_ORIGINS, s.SESSION_COOKIE_SECURE, "
        "s.SECURE_HSTS_SECONDS, s.HTTPS_REQUIRED"
    )
    process = loaded(show, **SECRETS, SITE_URL=site_url)
    assert process.stdout.strip() == shown, process.stderr


def test_proxies_that_cannot_be_read_stop_the_start():
    process = loaded(**SECRETS, TRUSTED_PROXIES="10.0.0.0/8,proxy.example")
    assert process.returncode != 0
    assert "TRUSTED_PROXIES holds networks such as 10.0.0.0/8" in last_line(process)
    assert "'proxy.example'" in last_line(process)


def test_debugging_is_off_unless_asked_for():
    assert loaded("s.DEBUG", **SECRETS).stdout.strip() == "False"


def test_secrets_can_come_from_files(tmp_path):
    environ = {}
    for name, value in SECRETS.items():
        (tmp_path / name).write_text(value + "\n")
        environ[f"{name}_FILE"] = str(tmp_path / name)
    process = loaded("s.SECRET_KEY, s.CREDENTIAL_KEYS[1]", **environ)
    assert process.stdout.strip() == f"{SECRETS['SECRET_KEY']} {b'B' * 32!r}", process.stderr


def test_a_secret_with_a_dollar_sign_is_taken_as_it_is(tmp_path):
    env_file = tmp_path / ".env"
    env_file.write_text("".join(f"{name}={value}\n" for name, value in SECRETS.items()))
    process = loaded("s.SECRET_KEY", ENV_FILE=str(env_file), SECRET_KEY="$PATH" + "x" * 50)
    assert process.stdout.strip() == "$PATH" + "x" * 50


@pytest.mark.parametrize(
    "urls",
    [
        {"DATABASE_REPLICA_URL": "postgres://workhub@127.0.0.1/workhub"},
        {
            "DATABASE_URL": "postgres://workhub@127.0.0.1/workhub",
            "DATABASE_REPLICA_URL": "sqlite:////tmp/replica.sqlite3",
        },
    ],
    ids=["of-sqlite", "in-sqlite"],
)
def test_a_replica_is_one_of_postgresql(urls):
    process = loaded(**SECRETS, **urls)
    assert "(workhub.E011) DATABASE_REPLICA_URL leads to a replica" in last_line(process)
