"""The page of the benches: what is measured again takes the place of what was."""

import pytest

from bench.page import Page

ORDER = ["few", "many", "most"]


@pytest.fixture
def page(tmp_path):
    return Page(tmp_path / "page.md", chart="chart.svg")


def headings(page):
    return [line for line in page._path.read_text().splitlines() if line.startswith("## ")]


def test_parts_are_in_their_order_whenever_they_were_measured(page):
    assert page.parts() == {}
    for name in ("most", "few"):
        page.put(name, f"## {name}\n", order=ORDER)
    assert headings(page) == ["## few", "## most"]
    page.put("many", "## many\n", order=ORDER)
    assert headings(page) == ["## few", "## many", "## most"]


def test_only_what_is_measured_again_is_another(page, time_machine):
    time_machine.move_to("2026-11-26", tick=False)
    for name in ORDER:
        page.put(name, f"## {name}\n\n| a |\n\nA note.\n", order=ORDER)
    before = page.parts()
    time_machine.move_to("2026-11-27", tick=False)
    page.put("many", "## many more\n", order=ORDER)
    after = page.parts()
    assert after.pop("many").strip() == "## many more\n\nMeasured on 2026-11-27."
    before.pop("many")
    assert [one.strip() for one in after.values()] == [one.strip() for one in before.values()]
    assert headings(page) == ["## few", "## many more", "## most"]


def test_a_bench_that_there_is_no_more_leaves_the_page(page):
    for name in ORDER:
        page.put(name, f"## {name}\n", order=ORDER)
    page.put("few", "## few\n", order=ORDER[:2])
    assert headings(page) == ["## few", "## many"]


def test_the_page_shows_the_chart(page):
    page.put("few", "## few\n", order=ORDER)
    assert "](chart.svg)" in page._path.read_text()
