from bench.table import Report, Table


def table():
    made = Table("Pages", ("page", "queries", "ms"))
    made.add("API tab", 7, "29")
    made.add("a|b", 10, "1,000")
    made.notes.append("Of 11 requests.")
    return made


def test_text_is_aligned_to_the_widest_cell():
    assert table().as_text() == (
        "Pages\n\n"
        "page     queries     ms\n"
        "-----------------------\n"
        "API tab        7     29\n"
        "a|b           10  1,000\n"
        "Of 11 requests."
    )


def test_markdown_keeps_what_would_end_a_cell():
    assert table().as_markdown() == (
        "## Pages\n\n"
        "| page | queries | ms |\n"
        "| --- | ---: | ---: |\n"
        "| API tab | 7 | 29 |\n"
        "| a\\|b | 10 | 1,000 |\n\n"
        "Of 11 requests.\n"
    )


def test_a_broken_budget_is_the_exit_status(tmp_path, capsys):
    report = Report(tmp_path / "found.md")
    report.show(table())
    assert report.hold("few queries", is_kept=True) == "kept"
    assert report.end() == 0
    assert report.hold("fast", is_kept=False) == "BROKEN"
    assert report.end() == 1
    assert capsys.readouterr().err == "Broken: fast\n"
    assert (tmp_path / "found.md").read_text() == f"\n{table().as_markdown()}"
