"""Run benches at their real sizes and write docs/benchmarks.md and its chart: `make bench`.

python -m bench peers rosters

Without names it runs all of them, those first that say how fast answers are. Each is a process of
its own; one that breaks a budget does not keep the others from running. The page is written after
each.
"""

import signal
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.page import Page
from bench.table import machine

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
CHART = PAGE.with_suffix(".svg")

BENCHES = (
    ("peers",),
    ("rosters",),
    ("latency",),
    ("profile",),
    ("lookups",),
    ("logging_cost",),
    ("credential_timing",),
    ("credential_timing", "--database=sqlite"),
    # These fill the log with ten million rows first.
    ("usage_pages",),
    ("purge",),
)
_MACHINE = "the machine"
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
    names = sorted({name for name, *_options in BENCHES})
    parser.add_argument("names", nargs="*", metavar="bench", help=f"of {', '.join(names)}")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.names if name not in names]
    if unknown:
        parser.error(f"there is no bench {unknown[0]}; there are {', '.join(names)}")
    page = Page(PAGE, chart=CHART.name)
    order = [_MACHINE, *map(" ".join, BENCHES)]
    broken = []
    table = machine()
    print(table.as_text(), flush=True)
    if not chosen.small:
        page.put(_MACHINE, table.as_markdown(), order=order)
    for name, *options in BENCHES:
        if chosen.names and name not in chosen.names:
            continue
        with TemporaryDirectory(prefix="workhub-bench-") as folder:
            found, chart = Path(folder) / "found.md", Path(folder) / CHART.name
            sizes = _SMALL[name] if chosen.small else ()
            drawn = ("--chart", str(chart)) if name == "peers" else ()
            command = [sys.executable, "-m", f"bench.{name}", *options, *sizes, *drawn]
            print(f"\n$ python {' '.join(command[1:])}", flush=True)
            if _run([*command, "--markdown", str(found)]):
                broken.append(" ".join([name, *options]))
            if not chosen.small and found.exists():  # not where it ended by an error
                page.put(" ".join([name, *options]), found.read_text(), order=order)
                if chart.exists():
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
