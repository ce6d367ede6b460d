"""What must be right with an installation's keys before it answers anybody."""

from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, Tags
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

from apicalls.rotation import in_use

# Beside Django's own tags, so that a start can run these alone.
TAG = "credentials"


@checks.register(TAG, Tags.database)
def keys_are_there(*, databases: Any = None, **_kwargs: Any) -> list[CheckMessage]:
    """Every pair that is answered needs its pepper, and each that can be shown its key."""
    if not databases:
        return []
    try:
        used = in_use()
    except DatabaseError:
        return []  # away, or not migrated yet: nothing is known of its pairs
    found: list[CheckMessage] = [
        checks.Error(
            f"CREDENTIAL_PEPPERS has no number {number}, and {pairs} API call pairs are refused "
            "without it.",
            hint="Put the number back. It can be taken out when "
            "`manage.py rotate_credential_keys --check` says so.",
            id="apicalls.E001",
        )
        for number, pairs in used.missing_peppers.items()
    ]
    found += [
        checks.Warning(
            f"CREDENTIAL_KEYS has no number {number}: {rows} Client Secrets and authenticator apps "
            "cannot be read.",
            hint="Put the number back, or have these pairs regenerated and these second factors "
            "reset.",
            id="apicalls.W001",
        )
        for number, rows in used.missing_keys.items()
    ]
    return found


def refuse_to_start_without_keys() -> None:
    """Raise ImproperlyConfigured where a pair that is answered lacks its pepper.

    A server that started would refuse those programs, and none could tell why.
    """
    was_connected = connection.connection is not None
    found = checks.run_checks(tags=[TAG], databases=["default"])
    if not was_connected:
        connection.close()  # the threads that answer have their own
    errors = [one for one in found if one.is_serious()]
    if errors:
        raise ImproperlyConfigured(
            "Workhub does not start: " + " ".join(f"({one.id}) {one.msg}" for one in errors)
        )
