"""docs/benchmarks.md: a part for each bench, which stays as it is until that bench is run again."""

import re
import time
from pathlib import Path

_HEAD = """# Benchmarks

What the benches found, each on the day that its part tells; they write this page (`make bench`),
and bench/README.md says what is measured and how. A ratio is of two sides that were asked in turns
in the same run, and its median with the least and the greatest.

![Requests a second of Workhub and of others that do the same job]({chart})
"""
_MARK = "<!-- bench: {} -->"
_PART = re.compile(r"^<!-- bench: (.+) -->\n", re.MULTILINE)


class Page:
    """The page at `path`, with a picture in the file `chart` beside it."""

    def __init__(self, path: Path, *, chart: str):
        self._path, self._chart = path, chart

    def put(self, name: str, tables: str, *, order: list[str]) -> None:
        """Put the tables of a bench in the place of those it had; parts are in this order."""
        parts = self.parts()
        day = time.strftime("%Y-%m-%d")
        parts[name] = f"\n{tables.strip()}\n\nMeasured on {day}.\n\n"
        text = _HEAD.format(chart=self._chart)
        for one in order:
            if one in parts:
                text += f"\n{_MARK.format(one)}\n{parts[one].rstrip()}\n"
        self._path.write_text(text, encoding="utf-8")

    def parts(self) -> dict[str, str]:
        """Return the parts of the page by the name of their bench, none of a page not written."""
        if not self._path.exists():
            return {}
        _head, *rest = _PART.split(self._path.read_text(encoding="utf-8"))
        return dict(zip(rest[::2], rest[1::2], strict=True))
