"""What a run did, as a table at its end."""

from tests.faults.conftest import figures, pytest_configure, pytest_terminal_summary

__all__ = ["figures", "pytest_configure", "pytest_terminal_summary"]
