"""A row of the file while it is being planned, and what its cells say."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from workers.folding import fold, fold_name
from workers.imports.fields import ImportField, fields_of
from workers.imports.models import DataImport, ImportRow, RowOutcome
from workers.imports.values import Unreadable
from workers.services.writing import Changes

# Heading (or "" for the row as a whole) and reason.
Remark = tuple[str, str]


@dataclass(slots=True)
class Draft:
    """What a row says, field by field, and what is found out about it.

    A fault makes it bad; a warning is only told.
    """

    row: ImportRow
    values: dict[str, Any] = field(default_factory=dict)
    faults: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)
    # Whom it is about: the key of an ID#, else that of a full name.
    key: str = ""

    @property
    def has_id_number(self) -> bool:
        return self.key.startswith("#")

    @property
    def name(self) -> str:
        parts = (self.values.get(name, "") for name in ("first_name", "middle_name", "last_name"))
        return " ".join(filter(None, parts))

    @property
    def title(self) -> str:
        """Return whom the row is about, in the words of the file."""
        number = self.values.get("id_number", "")
        return f"{self.name} ({number})" if self.name and number else self.name or number

    def settle(
        self,
        outcome: RowOutcome,
        title: str,
        *,
        values: dict[str, Any] | None = None,
        changes: list[tuple[str, str, str]] | None = None,
    ) -> None:
        """Write into the row what would become of it: bad, when there is a fault."""
        self.row.outcome = RowOutcome.BAD if self.faults else outcome
        self.row.key = self.key
        self.row.title = title[:400]
        self.row.faults = self.faults
        self.row.warnings = [] if self.faults else self.warnings
        self.row.values = {} if self.faults else values or {}
        self.row.changes = [] if self.faults else changes or []


def id_key(id_number: str) -> str:
    return f"#{fold(id_number)}"


def name_key(first_name: str, middle_name: str, last_name: str) -> str:
    return f"={fold_name(first_name, middle_name, last_name)}"


class Reader:
    """Reads rows by the columns that were chosen."""

    def __init__(self, data_import: DataImport):
        self._headings = data_import.headings
        self._date_order = data_import.date_order
        self._columns: list[tuple[ImportField, int]] = [
            (field, data_import.columns[field.name])
            for field in fields_of(data_import.kind)
            if field.name in data_import.columns
        ]
        self._labels = {field.name: self.heading(column) for field, column in self._columns}

    def heading(self, column: int) -> str:
        """Return what stands above the column, or its number where nothing does."""
        named = self._headings[column] if column < len(self._headings) else ""
        return named or _("Column %d") % (column + 1)

    def label(self, name: str) -> str:
        """Return the heading of a field's column, "" when it has none."""
        return self._labels.get(name, "")

    def drafts(self, rows: Sequence[ImportRow]) -> list[Draft]:
        return [self._draft(row) for row in rows]

    def keys(self, row: ImportRow) -> str:
        """Return only the key of the row, for a first look at all of them."""
        draft = Draft(row)
        names = {"id_number", "first_name", "middle_name", "last_name"}
        self._read(draft, [one for one in self._columns if one[0].name in names])
        return draft.key

    def _draft(self, row: ImportRow) -> Draft:
        draft = Draft(row)
        self._read(draft, self._columns)
        if len(row.cells) > len(self._headings):
            draft.faults.append(
                (
                    "",
                    _("This row has %(cells)d cells, and there are %(headings)d headings.")
                    % {"cells": len(row.cells), "headings": len(self._headings)},
                )
            )
        return draft

    def _read(self, draft: Draft, columns: Sequence[tuple[ImportField, int]]) -> None:
        cells = draft.row.cells
        for field_, column in columns:
            try:
                value = field_.value(cells[column], self._date_order)
            except Unreadable as error:
                draft.faults.append((self.heading(column), str(error)))
                continue
            if value is not None:
                draft.values[field_.name] = value
        values = draft.values
        if "id_number" in values:
            draft.key = id_key(values["id_number"])
        elif "first_name" in values or "last_name" in values:
            draft.key = name_key(
                values.get("first_name", ""),
                values.get("middle_name", ""),
                values.get("last_name", ""),
            )

    def is_number(self, row: ImportRow, name: str) -> bool:
        """Tell whether a spreadsheet holds a number there, of which zeros may be lost."""
        for field_, column in self._columns:
            if field_.name == name:
                return isinstance(row.cells[column], int | float)
        return False


def remarks(found: dict[str, list[str]], reader: Reader) -> Iterator[Remark]:
    """Return what a service found wrong, under the headings of the file."""
    for name, messages in found.items():
        for message in messages:
            yield (reader.label(name), message)


def shown(
    model: type[models.Model], changes: Changes, but: Collection[str] = ()
) -> list[tuple[str, str, str]]:
    """Return changes as the preview shows them: what forms call the field, before, after."""
    return [
        (capfirst(str(getattr(model._meta.get_field(name), "verbose_name", name))), before, after)
        for name, (before, after) in changes.items()
        if name not in but
    ]
