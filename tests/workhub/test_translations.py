"""The second language is complete, and what is served is what was written."""

import gettext
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

LOCALE = Path(settings.LOCALE_PATHS[0])
LANGUAGES = [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
PLACEHOLDERS = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}|</?\w+>")


def catalogue(path):
    with path.open("rb") as file:
        texts = dict(gettext.GNUTranslations(file)._catalog)
    del texts[""]  # its header, in which tools write what they like
    return texts


@pytest.fixture
def copied(tmp_path, settings, monkeypatch):
    """Return the catalogues of a copy of the sources, for the tool that writes into them."""
    no_texts = shutil.ignore_patterns("static", "__pycache__", "migrations")
    for folder in ("accounts", "apicalls", "templates", "workers", "workhub"):
        shutil.copytree(Path(settings.BASE_DIR, folder), tmp_path / folder, ignore=no_texts)
    settings.LOCALE_PATHS = [str(tmp_path / "workhub" / "locale")]
    monkeypatch.chdir(tmp_path)
    return tmp_path / "workhub" / "locale"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_and_compiled(copied, language, tmp_path):
    call_command("makemessages", locale=[language], verbosity=0)
    written = copied / language / "LC_MESSAGES" / "django.po"
    compiled = tmp_path / "now.mo"
    command = ["msgfmt", "--check", "--statistics", "-o", compiled, written]
    environment = os.environ | {"LC_ALL": "C"}
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    # Neither "untranslated" nor "fuzzy" stands there.
    assert re.fullmatch(r"\d+ translated messages\.", told.stderr.splitlines()[-1])
    # `make messages` was run after the last change.
    assert catalogue(compiled) == catalogue(LOCALE / language / "LC_MESSAGES" / "django.mo")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_places_of_the_original(language):
    texts = catalogue(LOCALE / language / "LC_MESSAGES" / "django.mo")
    wrong = [
        (text, translated)
        for text, translated in texts.items()
        if isinstance(text, str)
        and set(PLACEHOLDERS.findall(text)) != set(PLACEHOLDERS.findall(translated))
    ]
    assert wrong == []
