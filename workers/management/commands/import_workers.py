import uuid
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Company, User
from workers.imports import limits
from workers.imports.fields import fields_of
from workers.imports.models import (
    DataImport,
    DateOrder,
    ImportKind,
    ImportState,
    RowOutcome,
)
from workers.imports.planning import rows_of
from workers.imports.reading import too_large
from workers.imports.values import plain_words
from workers.services import imports

# So many bad rows are printed; the page has all of them.
_BAD_SHOWN = 50


class Command(BaseCommand):
    """The import of the pages, in one go: all rows or none."""

    help = (
        "Import workers, or records of workers, from a CSV or XLSX file. Nothing is changed, "
        "and the exit status is 1, when a row is bad."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--company", type=int, required=True, metavar="ID")
        parser.add_argument(
            "--kind", choices=ImportKind.values, default="workers", help="what is in the file"
        )
        parser.add_argument("--dry-run", action="store_true", help="only tell what would change")
        parser.add_argument(
            "--create-places",
            action="store_true",
            help="create positions, locations and divisions that are not there yet",
        )
        parser.add_argument(
            "--leave-out-bad", action="store_true", help="import the other rows when some are bad"
        )
        parser.add_argument(
            "--month-first", action="store_true", help="03/04/2026 is the 4th of March"
        )
        parser.add_argument(
            "--column",
            action="append",
            default=[],
            metavar="FIELD=HEADING",
            help="say which column is a field, such as id_number='Badge'; others are guessed",
        )
        parser.add_argument("--by", metavar="E-MAIL", help="the person of the company who imports")

    def handle(self, *args: Any, **options: Any) -> None:
        company = _company(options["company"])
        by = _person(company, options["by"])
        data_import = imports.import_add(
            company=company,
            by=by,
            code=uuid.uuid4(),
            kind=options["kind"],
            file_name=options["file"].name,
            content=_content(options["file"]),
            at_once=True,
        )
        try:
            self._import(data_import, by, options)
        finally:
            # Whatever was not applied leaves nothing behind.
            imports.import_cancel(data_import=data_import, by=by)

    def _import(self, data_import: DataImport, by: User | None, options: dict[str, Any]) -> None:
        _stop_unless(data_import, ImportState.MAPPING)
        columns = _columns(data_import, options["column"])
        order = DateOrder.MONTH_FIRST if options["month_first"] else DateOrder.DAY_FIRST
        try:
            data_import = imports.import_map(
                data_import=data_import,
                by=by,
                columns=columns,
                date_order=order,
                create_places=options["create_places"],
                at_once=True,
            )
            _stop_unless(data_import, ImportState.READY)
            self._tell(data_import)
            if data_import.count(RowOutcome.BAD) and not options["leave_out_bad"]:
                raise CommandError("Nothing was changed: some rows are bad.", returncode=1)
            if options["dry_run"] or not data_import.to_write:
                self.stdout.write("Nothing was changed.")
                return
            data_import = imports.import_apply(
                data_import=data_import,
                by=by,
                leave_out_bad=options["leave_out_bad"],
                at_once=True,
            )
        except imports.NotPossible as error:
            raise CommandError(str(error), returncode=1) from error
        _stop_unless(data_import, ImportState.APPLIED)
        self.stdout.write(f"Imported {data_import.to_write} rows.")

    def _tell(self, data_import: DataImport) -> None:
        for outcome in (RowOutcome.CREATE, RowOutcome.CHANGE, RowOutcome.LEAVE, RowOutcome.BAD):
            self.stdout.write(f"{data_import.count(outcome):>9} {outcome.label.lower()}")
        for kind, places in data_import.new_places.items():
            self.stdout.write(f"New {kind}: {', '.join(name for name, _division in places)}")
        for note in data_import.notes:
            self.stdout.write(note)
        bad = rows_of(data_import).filter(outcome=RowOutcome.BAD).order_by("line")
        for row in bad[:_BAD_SHOWN]:
            for heading, reason in row.faults:
                where = f"line {row.line}, {heading}" if heading else f"line {row.line}"
                self.stderr.write(f"{where}: {reason}")
        more = data_import.count(RowOutcome.BAD) - _BAD_SHOWN
        if more > 0:
            self.stderr.write(f"… and {more} more bad rows")


def _company(pk: int) -> Company:
    company = Company.objects.filter(pk=pk).first()
    if company is None:
        raise CommandError(f"There is no company {pk}.")
    return company


def _person(company: Company, email: str | None) -> User | None:
    if email is None:
        return None
    person = User.objects.for_company(company).filter(email=email.strip().lower()).first()
    if person is None:
        raise CommandError(f"Nobody of {company} has the e-mail {email}.")
    return person


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > limits.FILE_BYTES:
            raise CommandError(str(too_large()), returncode=1)
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}") from error


def _columns(data_import: DataImport, chosen: list[str]) -> dict[str, int]:
    """Return the columns that were guessed, with those that were said in their place."""
    columns = dict(data_import.columns)
    names = {field.name for field in fields_of(data_import.kind)}
    headings = plain_words(data_import.headings)
    for one in chosen:
        name, _equals, heading = one.partition("=")
        if name not in names:
            raise CommandError(f"There is no field {name!r}; there are {', '.join(sorted(names))}.")
        [plain] = plain_words([heading])
        if plain not in headings:
            raise CommandError(f"The file has no column {heading!r}.")
        number = headings.index(plain)
        columns = {field: column for field, column in columns.items() if column != number}
        columns[name] = number
    return columns


def _stop_unless(data_import: DataImport, state: ImportState) -> None:
    if data_import.state == state:
        return
    if data_import.problem:
        raise CommandError(data_import.problem, returncode=1)
    raise CommandError(f"The import stopped: {data_import.get_state_display()}.", returncode=1)
