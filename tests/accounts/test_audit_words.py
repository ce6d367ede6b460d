"""What the code writes into the audit trail can be read in every language."""

import ast
from pathlib import Path

from django.conf import settings

from accounts.audit.words import ACTIONS

# Where an action is passed on by its place.
_BY_PLACE = {"_told": 1, "_told_of_secret": 1, "_tell_audit": 2}
# The same word, said to argparse.
_OF_COMMANDS = {"append", "store_true"}


def _written():
    for app in ("accounts", "workers", "apicalls"):
        for path in Path(settings.BASE_DIR, app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    yield from _action_of(node)


def _action_of(call):
    said = [one.value for one in call.keywords if one.arg == "action"]
    place = _BY_PLACE.get(getattr(call.func, "id", ""))
    if place is not None:
        said += call.args[place : place + 1]
    for one in said:
        # Of a choice between two, both.
        for part in ast.walk(one):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.value


def test_every_action_is_one_of_the_words():
    written = set(_written()) - _OF_COMMANDS
    assert {"added", "showed the secret of", "uploaded", "made a hand-over link for"} <= written
    assert written - ACTIONS == set()
