"""`make run`, from an empty folder and again."""

import re
import shlex
import stat
import subprocess
import time

import pytest

from tests.shipped.server import environment_of, free_port, shipped_server


def run_curl(line):
    """Run the printed line as a person pastes it; return status and body."""
    arguments = [*shlex.split(line), "-s", "-w", "\n%{http_code}"]
    assert arguments[0] == "curl"
    body, _, status = subprocess.check_output(arguments, text=True).rpartition("\n")
    return int(status), body


def test_the_printed_curl_line_works_as_pasted(shipped):
    status, body = run_curl(shipped.curl)
    assert status == 200
    assert '"workerIDNumber":"00417"' in body
    assert '"version":"1"' in body


def test_it_prints_the_address_and_how_to_sign_in(shipped):
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", shipped.url)
    assert shipped.email == "admin@northern-build.example"
    assert len(shipped.password) >= 12


def test_keys_and_password_are_readable_by_their_owner_only(shipped):
    for name in (".env", "demo-password"):
        assert stat.S_IMODE((shipped.var / name).stat().st_mode) == 0o600


@pytest.mark.any_database
def test_a_second_start_is_quick_and_keeps_the_data(tmp_path):
    with shipped_server(tmp_path / "var") as first:
        pass
    started = time.monotonic()
    with shipped_server(tmp_path / "var") as second:
        # Generous, for a busy machine: what matters is that nothing is loaded again.
        assert time.monotonic() - started < 15
        assert second.password == first.password
        assert second.key_and_secret == first.key_and_secret
        assert run_curl(second.curl)[0] == 200


@pytest.mark.any_database
def test_a_port_in_use_is_told_before_anything_is_made(tmp_path, shipped):
    port = shipped.url.rpartition(":")[2]
    result = subprocess.run(
        ["python3", "-m", "workhub.start"],
        env=environment_of(tmp_path / "var", port),
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert f"Port {port} cannot be used" in result.stderr
    assert not (tmp_path / "var").exists()


@pytest.mark.any_database
@pytest.mark.parametrize("port", ["", "80a", "0", "65536", "٨٠٠٠"])
def test_a_port_that_is_none_is_told(tmp_path, port):
    result = subprocess.run(
        ["python3", "-m", "workhub.start"],
        env=environment_of(tmp_path / "var", port),
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert "PORT must be a number" in result.stderr
    assert free_port()
