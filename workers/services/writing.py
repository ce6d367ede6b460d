"""What all writes share: applying fields, collecting faults, telling before from after."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.utils.translation import gettext as _

# Rows per statement where a list of ids goes into one: databases bound their number.
BATCH = 2000

Item = TypeVar("Item")
Changes = dict[str, list[str]]


def batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def apply(row: models.Model, fields: Mapping[str, object], *, allowed: type) -> Changes:
    """Set `fields` on the row and return what differs now, each as text before and after.

    Text is trimmed. Raises TypeError for a field that is not declared in the TypedDict
    `allowed`: a caller's mistake must not reach the company or a folded column.
    """
    unknown = fields.keys() - allowed.__annotations__.keys()
    if unknown:
        raise TypeError(f"{allowed.__name__} has no {', '.join(sorted(unknown))}")
    changes: Changes = {}
    for name, sent in fields.items():
        value = sent.strip() if isinstance(sent, str) else sent
        before = getattr(row, name)
        setattr(row, name, value)
        if value != before:
            changes[name] = ["" if row._state.adding else text(before), text(value)]
    return changes


def text(value: object) -> str:
    """Return a value as the audit trail tells it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


class Faults:
    """What is wrong with the rows of one write, collected before anything is written."""

    def __init__(self) -> None:
        self._of_row: defaultdict[int, dict[str, list[ValidationError]]] = defaultdict(dict)

    def add(self, index: int, field: str, error: ValidationError) -> None:
        self._of_row[index].setdefault(field, []).append(error)

    def of_row(self, index: int) -> dict[str, list[str]]:
        """Return the messages about one row by field, for a preview of many rows."""
        return {
            field: [message for error in errors for message in error.messages]
            for field, errors in self._of_row.get(index, {}).items()
        }

    def raise_for_one(self) -> None:
        """Raise the faults of the only row by field, as a form shows them."""
        for errors in self._of_row.values():
            raise ValidationError(errors)

    def raise_for_all(self) -> None:
        """Raise all faults as a list, each telling its row, counted from 1."""
        told = [
            ValidationError(
                "%(row)s: %(field)s: %(message)s" if name else "%(row)s: %(message)s",
                code=error.code,
                params={"row": _("Row %d") % (index + 1), "field": name, "message": message},
            )
            for index, errors in sorted(self._of_row.items())
            for field, of_field in errors.items()
            for name in ["" if field == NON_FIELD_ERRORS else field]
            for error in of_field
            for message in error.messages
        ]
        if told:
            raise ValidationError(told)


def clean(
    rows: Sequence[models.Model],
    faults: Faults,
    *,
    related: Collection[str],
    shown_as: Mapping[str, str] | None = None,
) -> None:
    """Validate the fields of each row without a query.

    What takes queries is checked for all rows at once: the `related` objects by
    `check_related`, uniqueness by the caller. `shown_as` names the field to blame for a
    column that nobody types.
    """
    for index, row in enumerate(rows):
        try:
            row.full_clean(exclude=related, validate_unique=False, validate_constraints=False)
        except ValidationError as found:
            for field, errors in found.error_dict.items():
                for error in errors:
                    faults.add(index, (shown_as or {}).get(field, field), error)


def check_related(
    rows: Sequence[models.Model],
    faults: Faults,
    *,
    field: str,
    among: models.QuerySet[models.Model],
) -> None:
    """Refuse rows whose `field` refers to an object that is not `among` the company's."""
    ids = [getattr(row, f"{field}_id") for row in rows]
    known = {None}
    for some in batches(sorted({pk for pk in ids if pk is not None})):
        known.update(among.filter(pk__in=some).values_list("pk", flat=True))
    for index, pk in enumerate(ids):
        if pk not in known:
            faults.add(index, field, not_there())


def not_there() -> ValidationError:
    """The one answer for what was removed and for what belongs to another company."""
    return ValidationError(_("Choose one that is there."), code="not_there")
