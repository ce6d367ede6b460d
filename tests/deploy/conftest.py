"""One installation for all tests here: it takes half a minute to come up."""

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.deploy.site import Site
from tests.faults.conftest import figures, pytest_configure, pytest_terminal_summary

__all__ = ["figures", "pytest_configure", "pytest_terminal_summary"]


@pytest.fixture(scope="session")
def site():
    # Not pytest's own folder, which other users cannot enter.
    folder = Path(tempfile.mkdtemp(prefix="workhub-machines-"))
    folder.chmod(0o755)
    site = Site(folder)
    try:
        try:
            site.start()
        except Exception as error:
            raise AssertionError(f"{error}\n{site.machines.logs()}") from error
        yield site
    finally:
        site.end()
        shutil.rmtree(folder, ignore_errors=True)
