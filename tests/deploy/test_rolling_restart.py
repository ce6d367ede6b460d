"""All processes are restarted one after the other, while programs ask: none of them notices."""

import subprocess
import sys
import time

import pytest

from tests.deploy.load import Load
from tests.deploy.machines import DEPLOY, ROOT
from tests.shipped.calls import all_with

pytestmark = pytest.mark.deploy

TIMES = 10
PROGRAMS = 6


def rolling_restart(site):
    run = site.machines.folder / "run"
    script = ROOT / "tests" / "deploy" / "restart.py"
    ran = subprocess.run(
        [
            *(sys.executable, DEPLOY / "rolling_restart.py", "--socket", run / "admin.sock"),
            *("--restart", f"{sys.executable} {script} {run} {{machine}}-{{port}}"),
        ],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_no_request_fails_while_all_processes_are_restarted(site, figures):
    began = time.monotonic()
    before = site.app_processes()
    streams = {"path": "/api/v1/compliance-roster?stream=true", "document": "compliance-roster"}
    with (
        all_with(site, "rate_limit", 1_000_000),
        Load(site, PROGRAMS) as load,
        Load(site, 1, pause=0.2, **streams) as readers,
    ):
        for _ in range(TIMES):
            rolling_restart(site)
    told = load.told + readers.told
    figures |= {
        "rolling restarts, of three processes": TIMES,
        "  seconds of one": round((time.monotonic() - began) / TIMES, 1),
        "  requests": len(told),
        "  streams of a roster among them": len(readers.told),
        "  failed": sum(one.status != 200 for one in told),
        "  longest, ms": round(max(one.seconds for one in told) * 1000),
    }
    assert not set(before) & set(site.app_processes())
    assert len(told) > 100 * TIMES
    assert [one for one in told if one.status != 200] == []
