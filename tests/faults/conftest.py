"""What a run did, as a table at its end."""

import pytest

_FIGURES = pytest.StashKey[dict]()


def pytest_configure(config):
    config.stash[_FIGURES] = {}


@pytest.fixture(scope="session")
def figures(pytestconfig):
    """A dict of what to show and its value, which is shown also when a test failed."""
    return pytestconfig.stash[_FIGURES]


def pytest_terminal_summary(terminalreporter, config):
    if figures := config.stash[_FIGURES]:
        terminalreporter.section("what happened")
        for what, value in figures.items():
            terminalreporter.write_line(f"{what:<44} {value:>12}")
