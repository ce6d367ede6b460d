"""A chart of horizontal bars as SVG, which reads on light and dark pages alike."""

from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from bench.figures import Spread

_WIDTH, _LEFT, _RIGHT = 760, 270, 110
_TOP, _ROW, _BAR, _FOOT = 58, 30, 18, 34

_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 16px; font-weight: 600; }
  .note { font-size: 12px; fill: #59636e; }
  .name { text-anchor: end; }
  .bar { fill: #8c959f; }
  .ours { fill: #0969da; }
  .spread { stroke: #1f2328; stroke-width: 1.5; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .note { fill: #9198a1; }
    .bar { fill: #656c76; }
    .ours { fill: #4493f8; }
    .spread { stroke: #f0f6fc; }
  }
"""


class Bar(NamedTuple):
    name: str
    value: Spread
    is_ours: bool = False


def bars(title: str, note: str, rows: Sequence[Bar]) -> str:
    """Return the chart: a bar to each median, and a line from the least to the greatest."""
    height = _TOP + _ROW * len(rows) + _FOOT
    greatest = max(row.value.greatest for row in rows)
    told = "; ".join(f"{row.name}: {row.value.median:,.0f}" for row in rows)

    def at(value: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * value / greatest

    drawn = []
    for number, row in enumerate(rows):
        top = _TOP + _ROW * number
        middle = top + _BAR / 2
        kind = "ours" if row.is_ours else "bar"
        width = at(row.value.median) - _LEFT
        least, most = at(row.value.least), at(row.value.greatest)
        drawn += [
            f'<text class="name" x="{_LEFT - 10}" y="{middle + 4.5:g}">{escape(row.name)}</text>',
            f'<rect class="{kind}" x="{_LEFT}" y="{top}" width="{width:.1f}" height="{_BAR}"/>',
            f'<path class="spread" d="M{least:.1f} {middle:g}H{most:.1f}"/>',
            f'<text x="{most + 8:.1f}" y="{middle + 4.5:g}">{row.value.median:,.0f}</text>',
        ]
    lines = "\n".join(f"  {one}" for one in drawn)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" \
width="{_WIDTH}" height="{height}" role="img" aria-labelledby="title desc">
  <title id="title">{escape(title)}</title>
  <desc id="desc">{escape(told)}</desc>
  <style>{_STYLE}  </style>
  <text class="title" x="16" y="30">{escape(title)}</text>
{lines}
  <text class="note" x="16" y="{height - 14}">{escape(note)}</text>
</svg>
"""
