"""The pictures of the documents can be taken, and are those that the documents show."""

import importlib.util
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = pytest.mark.any_database

DOCS = Path(settings.BASE_DIR, "docs")


def test_what_the_documents_show_can_be_done(signed_in, shipped, tmp_path):
    found = importlib.util.spec_from_file_location("pictures", DOCS / "pictures.py")
    pictures = importlib.util.module_from_spec(found)
    found.loader.exec_module(pictures)
    subprocess.run(shlex.split(shipped.curl), check=True, capture_output=True)
    pictures.take(signed_in(), tmp_path)
    taken = {file.name for file in tmp_path.iterdir()}
    shown = set(re.findall(r"\(pictures/(\S+\.png)\)", (DOCS / "admins.md").read_text()))
    assert taken == shown == {file.name for file in (DOCS / "pictures").iterdir()}
