"""The files of deploy/ as their own programs read them."""

import re
import subprocess

import pytest

from tests.deploy.machines import DEPLOY, read_unit

pytestmark = pytest.mark.deploy

UNITS = sorted(path.name for path in (DEPLOY / "systemd").iterdir())


def test_systemd_reads_the_units(tmp_path):
    """With programs that are there, which is the one thing that it would miss here."""
    for name in UNITS:
        text = (DEPLOY / "systemd" / name).read_text(encoding="utf-8")
        text = re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", text)
        text = text.replace("User=workhub", "User=daemon").replace("Group=workhub", "")
        (tmp_path / name.replace("@", "@8001")).write_text(text, encoding="utf-8")
    ran = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(tmp_path.iterdir())],
        capture_output=True,
        text=True,
    )
    mine = [line for line in ran.stderr.splitlines() if "workhub" in line]
    assert mine == []


@pytest.mark.parametrize("name", UNITS)
def test_units_touch_little(name, tmp_path):
    file = tmp_path / name.replace("@", "@8001")
    file.write_text((DEPLOY / "systemd" / name).read_text(encoding="utf-8"), encoding="utf-8")
    ran = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", file],
        capture_output=True,
        text=True,
    )
    # Of 100: 96 is a unit without any of it.
    assert ran.returncode == 0, ran.stdout.splitlines()[-1]


@pytest.mark.parametrize("name", UNITS)
def test_units_restart_for_ever(name):
    text = (DEPLOY / "systemd" / name).read_text(encoding="utf-8")
    assert "Restart=always" in text
    assert "StartLimitIntervalSec=0" in text


def test_the_template_is_the_port():
    command, _environment = read_unit("workhub@.service", "8001")
    assert command[command.index("--port") + 1] == "8001"


def test_nginx_reads_its_file(site):
    ran = subprocess.run([*site.nginx_command, "-t"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "warn" not in ran.stderr


@pytest.mark.parametrize("name", ["front.cfg", "postgresql.cfg"])
def test_haproxy_reads_its_files_without_a_warning(site, name):
    file = site.machines.folder / "etc" / name
    ran = subprocess.run(["/usr/sbin/haproxy", "-c", "-f", file], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "WARNING" not in ran.stderr
