"""Two people who edit one thing: the second is told, and nothing is overwritten unseen.

A form carries the `digest` of what it was filled with; the service that saves it compares
that with the row as it is stored then, under the company's lock.
"""

import hashlib
from collections.abc import Iterable

from django.db import models

from workers.services.writing import text


class ChangedMeanwhile(Exception):
    """Somebody else has saved other values since the form was shown."""


def digest(row: models.Model, fields: Iterable[str]) -> str:
    """Return a short text that differs when those fields of the row do.

    Of a related object only the id counts: its own changes are not changes of the row.
    """
    columns = (row._meta.get_field(field).attname for field in fields)  # type: ignore[union-attr]
    told = "\0".join(text(getattr(row, column)) for column in columns)
    return hashlib.sha256(told.encode()).hexdigest()[:16]
