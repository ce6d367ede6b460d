"""The life of an import: uploaded, read, its columns chosen, checked, applied or cancelled.

Each step is either a person's (import_add, import_map, import_apply, import_cancel) or is
worked off in the background (import_work). A step that was interrupted is begun anew: it
leaves nothing that a second run would trip over, and only who holds the `run` may write.
"""

import logging
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit.trail import audit_event_add
from accounts.languages import in_own_language
from accounts.models import Company, User
from workers.imports import guessing, planning, progress, tasks, values
from workers.imports.applying import apply_plan
from workers.imports.fields import what_is_missing
from workers.imports.models import (
    FINISHED,
    STALLED_AFTER,
    WORKING,
    DataImport,
    ImportFile,
    ImportKind,
    ImportMemory,
    ImportRow,
    ImportState,
    RowOutcome,
)
from workers.imports.of_workers import PlanOutdated
from workers.imports.planning import GivenUp
from workers.imports.reading import FileRefused

logger = logging.getLogger(__name__)

# What is this small is done at once: nobody should wait for the background to look.
SMALL_BYTES = 100_000
SMALL_ROWS = 500
# How often a step is begun anew before it is given up.
ATTEMPTS = 3
# Nobody needs what is older: neither rows that were never applied, nor bad ones of those
# that were.
KEPT_FOR = timedelta(days=7)

# Of a file, to guess how dates are written.
_SAMPLE = 200


class NotPossible(Exception):
    """The import is at another step, or something is in the way. The message says what."""


# --- What people do ----------------------------------------------------------------------


def import_add(
    *,
    company: Company,
    by: User | None,
    code: uuid.UUID,
    kind: str,
    file_name: str,
    content: bytes,
    at_once: bool = False,
) -> DataImport:
    """Take a file to be imported, and have it read. Returns the one there is for `code`.

    `at_once`: do the work here, however large it is.
    """
    with transaction.atomic():
        there = DataImport.objects.filter(code=code).first()
        if there is not None and there.company_id == company.pk:
            return there
        data_import = DataImport.objects.create(
            # The code of another company's import says nothing to this one.
            **({} if there else {"code": code}),
            company=company,
            by=by,
            kind=ImportKind(kind),
            file_name=_name_of(file_name),
        )
        ImportFile.objects.create(data_import=data_import, content=content)
        _tell_audit(data_import, by, "uploaded")
        tasks.expire.using(run_after=timezone.now() + KEPT_FOR + STALLED_AFTER).enqueue()
        at_once = at_once or len(content) <= SMALL_BYTES
        _queue(data_import, ImportState.READING, at_once=at_once)
    return _worked(data_import) if at_once else data_import


def import_map(
    *,
    data_import: DataImport,
    by: User | None,
    columns: Mapping[str, int],
    date_order: str,
    create_places: bool,
    at_once: bool = False,
) -> DataImport:
    """Say which column is which field, and have the rows checked. Remembered for next time.

    Raises NotPossible when the file is not read yet or already applied.
    """
    missing = what_is_missing(data_import.kind, columns)
    if missing:
        raise NotPossible(str(missing))
    with transaction.atomic():
        stored = _locked(data_import)
        if stored.state not in (ImportState.MAPPING, ImportState.READY):
            raise NotPossible(_not_now(stored))
        stored.columns = dict(columns)
        stored.date_order, stored.create_places = date_order, create_places
        stored.is_checked_anew = False
        at_once = at_once or stored.rows_total <= SMALL_ROWS
        _remember(stored)
        _queue(stored, ImportState.CHECKING, at_once=at_once)
    return _worked(stored) if at_once else stored


def import_apply(
    *,
    data_import: DataImport,
    by: User | None,
    leave_out_bad: bool = False,
    at_once: bool = False,
) -> DataImport:
    """Have done what the preview says: all of it, or nothing.

    Bad rows are left out only when that is asked for. Raises NotPossible when they are in
    the way, when nothing is to be done, or when there is no preview.
    """
    with transaction.atomic():
        stored = _locked(data_import)
        if stored.state != ImportState.READY:
            raise NotPossible(_not_now(stored))
        if stored.count(RowOutcome.BAD) and not leave_out_bad:
            raise NotPossible(
                _("Nothing was imported: some rows are bad. Fix them, or leave them out.")
            )
        if not stored.to_write:
            raise NotPossible(_("There is nothing to import: no row would change anything."))
        stored.by = by
        at_once = at_once or stored.rows_total <= SMALL_ROWS
        _tell_audit(stored, by, "started")
        _queue(stored, ImportState.APPLYING, at_once=at_once)
    return _worked(stored) if at_once else stored


def import_cancel(*, data_import: DataImport, by: User | None) -> bool:
    """Stop it wherever it is, and delete what was uploaded. Tell whether it came in time."""
    with transaction.atomic():
        stored = _locked(data_import)
        if stored.is_finished:
            return False
        _finish(stored, ImportState.CANCELLED)
        _delete_upload(stored)
        _tell_audit(stored, by, "cancelled")
    return True


def import_restart(*, data_import: DataImport) -> bool:
    """Begin anew what was interrupted; tell whether it was."""
    with transaction.atomic():
        stored = _locked(data_import)
        if not is_stalled(stored):
            return False
        stored.attempts = 0
        _queue(stored, ImportState(stored.state))
    return True


def is_stalled(data_import: DataImport) -> bool:
    """Tell whether it should be worked on, and nothing was heard of that for a while."""
    seen = progress.seen(data_import)
    return data_import.is_stalled(timezone.now(), seen[1] if seen else None)


# --- What the background does --------------------------------------------------------------


def import_work(*, data_import_id: int, run: uuid.UUID) -> None:
    """Do the step that the import is at, when `run` is still who should."""
    data_import = _taken(data_import_id, run)
    if data_import is None:
        return
    try:
        _STEPS[ImportState(data_import.state)](data_import)
    except GivenUp:
        logger.info("import %s is no longer to be done", data_import.code)
    except FileRefused as refused:
        _fail(data_import, str(refused))
    except (OperationalError, InterfaceError):
        raise  # the database is away: whoever looks after it begins anew
    except Exception:
        logger.exception("import %s failed", data_import.code)
        _fail(data_import, _("Something went wrong here. Nothing was changed; upload it again."))
    except BaseException:
        _interrupted(data_import)
        raise


def import_look_after(*, data_import_id: int, run: uuid.UUID) -> None:
    """Begin anew what its worker left, or look again later."""
    with transaction.atomic():
        data_import = (
            DataImport.objects.select_for_update().filter(pk=data_import_id, run=run).first()
        )
        if data_import is None or not data_import.is_working:
            return
        if data_import.is_started and is_stalled(data_import):
            if data_import.attempts < ATTEMPTS:
                _queue(data_import, ImportState(data_import.state))
                return
            _failed(data_import, _("The work was interrupted several times. Nothing was changed."))
            return
    _watch(data_import)


def imports_expire() -> int:
    """Delete uploads that are older than KEPT_FOR; return how many were never applied."""
    before = timezone.now() - KEPT_FOR
    old = DataImport.objects.filter(created_at__lt=before)
    ImportRow.objects.filter(data_import__in=old.filter(state__in=FINISHED)).delete()
    expired = 0
    for data_import in old.exclude(state__in=FINISHED).filter(heartbeat_at__lt=before):
        with transaction.atomic():
            stored = _locked(data_import)
            if stored.is_finished or stored.heartbeat_at >= before:
                continue
            _finish(stored, ImportState.EXPIRED)
            _delete_upload(stored)
            _tell_audit(stored, None, "expired")
            expired += 1
    return expired


# --- The steps -------------------------------------------------------------------------------


def _read(data_import: DataImport) -> None:
    found = planning.stage(data_import, _teller(data_import))
    memory = ImportMemory.objects.filter(
        company=data_import.company_id, kind=data_import.kind
    ).first() or ImportMemory(kind=data_import.kind)
    sample = planning.rows_of(data_import).order_by("line").values_list("cells", flat=True)
    with transaction.atomic():
        _advance(
            data_import,
            state=ImportState.MAPPING,
            columns=guessing.guess_columns(data_import.kind, found["headings"], memory.fields),
            date_order=guessing.guess_date_order(list(sample[:_SAMPLE]), memory.date_order),
            create_places=memory.create_places,
            **found,
        )
        ImportFile.objects.filter(data_import=data_import).delete()


def _check(data_import: DataImport) -> None:
    found = planning.check(data_import, _teller(data_import))
    _advance(data_import, state=ImportState.READY, **found)


def _apply(data_import: DataImport) -> None:
    try:
        with progress.told(data_import) as tell, transaction.atomic():

            def tell_and_ask(done: int) -> None:
                tell(done)
                if not _mine(data_import).exists():
                    raise GivenUp

            apply_plan(data_import, tell_and_ask)
            _tell_audit(data_import, data_import.by, "imported", changes=_told(data_import))
            _advance(
                data_import,
                state=ImportState.APPLIED,
                finished_at=timezone.now(),
                rows_done=data_import.to_write,
            )
    except (PlanOutdated, ValidationError, IntegrityError):
        logger.info("import %s is checked anew", data_import.code, exc_info=True)
        _check_anew(data_import)
        return
    # The bad ones can still be fetched, to be fixed.
    planning.rows_of(data_import).exclude(outcome=RowOutcome.BAD).delete()


_STEPS: dict[ImportState, Callable[[DataImport], None]] = {
    ImportState.READING: _read,
    ImportState.CHECKING: _check,
    ImportState.APPLYING: _apply,
}


def _check_anew(data_import: DataImport) -> None:
    """Make a new preview: somebody has changed what the last one was made from."""
    with transaction.atomic():
        stored = _mine(data_import).select_for_update().first()
        if stored is not None:
            stored.is_checked_anew = True
            _queue(stored, ImportState.CHECKING)


# --- Who works on it ---------------------------------------------------------------------------


def _queue(data_import: DataImport, state: ImportState, *, at_once: bool = False) -> None:
    """Have the step done: in the background, unless the caller does it after the commit."""
    if data_import.state != state:
        data_import.attempts = 0
    data_import.state = state
    data_import.run = uuid.uuid4()
    # Of what the caller is to do there is no task: if it is killed first, that is work left too.
    data_import.is_started = at_once
    data_import.heartbeat_at = timezone.now()
    data_import.rows_done = 0
    data_import.save()
    if not at_once:
        tasks.work.enqueue(data_import.pk, str(data_import.run))
    _watch(data_import)


def _watch(data_import: DataImport) -> None:
    later = timezone.now() + STALLED_AFTER
    tasks.look_after.using(run_after=later).enqueue(data_import.pk, str(data_import.run))


def _worked(data_import: DataImport) -> DataImport:
    """Do here what was queued to be done at once, and return the import as it is then."""
    while data_import.is_working and data_import.run is not None:
        run = data_import.run
        import_work(data_import_id=data_import.pk, run=run)
        data_import.refresh_from_db()
        if data_import.run == run:
            break
    return data_import


def _taken(pk: int, run: uuid.UUID) -> DataImport | None:
    """Return the import when it waits for `run`, which now is at work."""
    with transaction.atomic():
        data_import = (
            DataImport.objects.select_for_update(of=("self",))
            .select_related("company", "by")
            .filter(pk=pk, run=run, state__in=WORKING)
            .first()
        )
        if data_import is None:
            return None
        data_import.is_started = True
        data_import.attempts += 1
        data_import.heartbeat_at = timezone.now()
        data_import.save(update_fields=["is_started", "attempts", "heartbeat_at"])
    return data_import


def _mine(data_import: DataImport) -> Any:
    """Return the import as long as it waits for this run."""
    return DataImport.objects.filter(
        pk=data_import.pk, run=data_import.run, state=data_import.state
    )


def _teller(data_import: DataImport) -> planning.Tell:
    def tell(done: int, total: int) -> None:
        _advance(data_import, rows_done=done, rows_total=total)

    return tell


def _advance(data_import: DataImport, **fields: Any) -> None:
    """Write how far it is. Raises GivenUp when that is no longer this run's to say."""
    if not _mine(data_import).update(heartbeat_at=timezone.now(), **fields):
        raise GivenUp


def _interrupted(data_import: DataImport) -> None:
    """The process is told to end: let another one begin anew, without waiting."""
    try:
        with transaction.atomic():
            stored = _mine(data_import).select_for_update().first()
            if stored is not None:
                _queue(stored, ImportState(stored.state))
    except DatabaseError:
        logger.info("import %s is begun anew later", data_import.code)


def _fail(data_import: DataImport, problem: str) -> None:
    with transaction.atomic():
        stored = _mine(data_import).select_for_update().first()
        if stored is not None:
            _failed(stored, problem)


def _failed(data_import: DataImport, problem: str) -> None:
    data_import.problem = problem
    _finish(data_import, ImportState.FAILED)
    _delete_upload(data_import)
    _tell_audit(data_import, data_import.by, "failed", changes={"problem": ["", problem]})


def _finish(data_import: DataImport, state: ImportState) -> None:
    data_import.state = state
    data_import.finished_at = timezone.now()
    data_import.run = None
    data_import.save()


# --- Parts of the above --------------------------------------------------------------------------


def _locked(data_import: DataImport) -> DataImport:
    return (
        DataImport.objects.select_for_update(of=("self",))
        .select_related("company")
        .get(pk=data_import.pk, company=data_import.company_id)
    )


def _not_now(data_import: DataImport) -> str:
    return _("That is not possible any more. State of this import: %(state)s.") % {
        "state": data_import.get_state_display()
    }


def _delete_upload(data_import: DataImport) -> None:
    ImportFile.objects.filter(data_import=data_import).delete()
    planning.rows_of(data_import).delete()


def _remember(data_import: DataImport) -> None:
    """Keep the choice for the company's next file; headings of other files stay known."""
    memory, _created = ImportMemory.objects.get_or_create(
        company=data_import.company, kind=data_import.kind
    )
    names = {number: name for name, number in data_import.columns.items()}
    memory.fields |= {
        heading: names.get(number, "")
        for number, heading in enumerate(values.plain_words(data_import.headings))
        if heading
    }
    memory.date_order = data_import.date_order
    memory.create_places = data_import.create_places
    memory.save()


def _name_of(file_name: str) -> str:
    """Return the name without folders and characters that could not be shown."""
    name = file_name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in name if letter.isprintable())[-200:] or _("Unnamed")


def _tell_audit(
    data_import: DataImport,
    by: User | None,
    action: str,
    *,
    changes: Mapping[str, list[str]] | None = None,
) -> None:
    audit_event_add(
        company=data_import.company,
        actor=by,
        action=action,
        subject=data_import,
        changes={
            "kind": ["", in_own_language(ImportKind(data_import.kind).label)],
            **(changes or {}),
        },
    )


def _told(data_import: DataImport) -> dict[str, list[str]]:
    return {
        name: ["", str(data_import.count(outcome))]
        for name, outcome in (
            ("created", RowOutcome.CREATE),
            ("changed", RowOutcome.CHANGE),
            ("left alone", RowOutcome.LEAVE),
            ("bad rows left out", RowOutcome.BAD),
        )
        if data_import.count(outcome)
    }
