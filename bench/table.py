"""Tables, as aligned text and as Markdown, and the facts of the machine they were made on."""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from tests.with_postgresql import newest_bin


@dataclass
class Table:
    """Rows of cells below a head. The first column is text, the others are figures."""

    title: str
    head: Sequence[str]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    # Sentences below it.
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        self.rows.append(tuple(map(str, cells)))

    def as_text(self) -> str:
        lines = [tuple(self.head), *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        shown = [_aligned(line, widths, "  ").rstrip() for line in lines]
        rule = "-" * (sum(widths) + 2 * len(widths) - 2)
        return "\n".join([self.title, "", shown[0], rule, *shown[1:], *self.notes])

    def as_markdown(self) -> str:
        marks = ["---", *["---:"] * (len(self.head) - 1)]
        lines = [_piped(self.head), _piped(marks), *map(_piped, self.rows)]
        notes = [f"\n{note}" for note in self.notes]
        return "\n".join([f"## {self.title}", "", *lines, *notes]) + "\n"


def _aligned(cells: Sequence[str], widths: Sequence[int], between: str) -> str:
    first, *rest = zip(cells, widths, strict=True)
    return between.join([first[0].ljust(first[1]), *(text.rjust(width) for text, width in rest)])


def _piped(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def machine() -> Table:
    """Return what a figure must be read with: the machine, and the versions on it."""
    table = Table("The machine", ("what", "which"))
    table.add("processor", _first(r"model name\s*: (.+)", "/proc/cpuinfo") or platform.machine())
    table.add("cores", os.cpu_count() or 1)
    kilobytes = int(_first(r"MemTotal:\s+([0-9]+)", "/proc/meminfo") or 0)
    table.add("memory", f"{kilobytes / 2**20:.0f} GiB")
    table.add("system", platform.platform(aliased=True, terse=True))
    table.add("Python", platform.python_version())
    for name in ("Django", "djangorestframework", "psycopg", "granian"):
        table.add(name, version(name))
    table.add("PostgreSQL", _said_by(str(newest_bin() / "postgres"), "--version"))
    table.add("wrk", _said_by("wrk", "-v"))
    return table


def _first(pattern: str, path: str) -> str:
    try:
        found = re.search(pattern, Path(path).read_text())
    except OSError:
        return ""
    return found[1].strip() if found else ""


def _said_by(*command: str) -> str:
    said = subprocess.run(command, capture_output=True, text=True).stdout
    found = re.search(r"\d+(\.\d+)+", said)
    return found[0] if found else "?"


class Report:
    """What a bench found out: printed as it comes, and kept as Markdown when a file is named."""

    def __init__(self, markdown: Path | None):
        self._markdown = markdown
        self._broken: list[str] = []

    def show(self, table: Table) -> None:
        print(f"\n{table.as_text()}\n", flush=True)
        if self._markdown:
            with self._markdown.open("a", encoding="utf-8") as file:
                file.write(f"\n{table.as_markdown()}")

    def hold(self, what: str, *, is_kept: bool) -> str:
        """Return how a budget is shown, and remember that it is broken."""
        if not is_kept:
            self._broken.append(what)
        return "kept" if is_kept else "BROKEN"

    def end(self) -> int:
        """Return the exit status: 1 where a budget is broken."""
        for what in self._broken:
            print(f"Broken: {what}", file=sys.stderr)
        return 1 if self._broken else 0
