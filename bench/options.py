"""The command lines of the benches: what several of them take."""

import signal
import sys
from argparse import ArgumentParser
from pathlib import Path


def options_of(doc: str | None) -> ArgumentParser:
    """Return a parser with what each bench takes; `doc` is its module's.

    A bench that is ended from now on stops what it has started.
    """
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    parser = ArgumentParser(description=doc)
    parser.add_argument("--markdown", type=Path, help="a file to add the tables to")
    return parser


def add_turns(parser: ArgumentParser, *, seconds: int, connections: int, turns: int = 5) -> None:
    """Add what a bench with turns takes. Short ones are to try it, not to learn from."""
    parser.add_argument("--turns", type=int, default=turns, help="of each side (A B A B …)")
    parser.add_argument("--seconds", type=int, default=seconds, help="of one turn")
    parser.add_argument("--connections", type=int, default=connections)
    add_cpus(parser)


def add_cpus(parser: ArgumentParser) -> None:
    parser.add_argument("--server-cpus", default="", help="as taskset takes them (any)")
    parser.add_argument("--wrk-cpus", default="", help="likewise, of what asks (any)")
