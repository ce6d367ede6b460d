from lxml import etree

from bench.chart import Bar, bars
from bench.figures import Spread

SVG = "{http://www.w3.org/2000/svg}"


def drawn():
    rows = [
        Bar("Ours", Spread(1234, 1200, 2000), is_ours=True),
        Bar("A < B", Spread(500, 400, 600)),
    ]
    return etree.fromstring(bars("Requests & answers", "Medians.", rows).encode())


def test_bars_are_as_long_as_the_medians_beside_the_greatest():
    ours, other = drawn().iter(f"{SVG}rect")
    assert (ours.get("class"), other.get("class")) == ("ours", "bar")
    assert float(ours.get("width")) / float(other.get("width")) == 234.5 / 95.0
    assert float(ours.get("width")) < 380


def test_what_a_picture_shows_is_there_as_text_too():
    svg = drawn()
    assert svg.findtext(f"{SVG}title") == "Requests & answers"
    assert svg.findtext(f"{SVG}desc") == "Ours: 1,234; A < B: 500"
    assert "prefers-color-scheme: dark" in svg.findtext(f"{SVG}style")
