"""Run all benches at their real sizes and write docs/benchmarks.md and its chart: `make bench`.

Each is a process of its own. One that breaks a budget does not keep the others from running.
"""

import signal
import subprocess
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.table import machine

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
CHART = PAGE.with_suffix(".svg")

_HEAD = """# Benchmarks

What `make bench` found on {day}. It writes this page; bench/README.md says what is measured and
how. A ratio is of two sides that were asked in turns in the same run, and its median with the
least and the greatest.

![Requests a second of Workhub and of others that do the same job]({chart})
"""

BENCHES = (
    ("usage_pages",),
    ("purge",),
    ("peers",),
    ("rosters",),
    ("latency",),
    ("profile",),
    ("logging_cost",),
    ("lookups",),
    ("credential_timing",),
    ("credential_timing", "--database=sqlite"),
)
# To see that all of it works, in a few minutes: no figures to learn from.
_SMALL = {
    "usage_pages": ("--rows=20000", "--days=20", "--workers=600"),
    "purge": ("--rows=40000", "--purged=10000", "--days=45", "--workers=600", "--seconds=2"),
    "logging_cost": ("--turns=2", "--seconds=1"),
    "lookups": (
        *("--few=600", "--some=1200", "--many=3000", "--companies=2", "--log-rows=5000"),
        *("--turns=2", "--seconds=1"),
    ),
    "credential_timing": ("--requests=300", "--keys=10"),
    "latency": ("--workers=600", "--turns=2", "--seconds=3"),
    "profile": ("--workers=600", "--answers=300"),
    "rosters": ("--workers=600", "--many=3000", "--turns=2"),
    "peers": ("--workers=3000", "--turns=2", "--seconds=1"),
}


def main() -> int:
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="only to see that it works")
    small = parser.parse_args().small
    broken = []
    with TemporaryDirectory(prefix="workhub-bench-") as folder:
        found = Path(folder) / "benchmarks.md"
        chart = Path(folder) / CHART.name
        table = machine()
        print(table.as_text(), flush=True)
        head = _HEAD.format(day=time.strftime("%Y-%m-%d"), chart=CHART.name)
        found.write_text(f"{head}\n{table.as_markdown()}")
        for name, *options in BENCHES:
            sizes = _SMALL[name] if small else ()
            drawn = ("--chart", str(chart)) if name == "peers" else ()
            command = [sys.executable, "-m", f"bench.{name}", *options, *sizes, *drawn]
            print(f"\n$ python {' '.join(command[1:])}", flush=True)
            if _run([*command, "--markdown", str(found)]):
                broken.append(" ".join([name, *options]))
        if not small:
            PAGE.write_text(found.read_text())
            if chart.exists():  # not where the bench ended by an error
                CHART.write_text(chart.read_text())
    for name in broken:
        print(f"Broken, or ended by an error: {name}", file=sys.stderr)
    return 1 if broken else 0


def _run(command: list[str]) -> int:
    """Return the exit status of a bench; who ends this ends it, and it what it has started."""
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        return process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise


if __name__ == "__main__":
    sys.exit(main())
