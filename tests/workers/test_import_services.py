"""The life of an import: interrupted, cancelled, overtaken, forgotten, and told of."""

import dataclasses
import uuid
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.addresses import acting_from
from accounts.models import AuditEvent
from tests.workers.imports import as_csv, checked, mapped, outcomes, run_background, uploaded
from tests.workers.test_import_reading import FILES
from workers import services as worker_services
from workers.imports import planning, progress
from workers.imports.models import DataImport, ImportFile, ImportMemory, ImportRow
from workers.imports.of_workers import WorkersPlan
from workers.imports.planning import GivenUp
from workers.imports.reading import open_table
from workers.models import Position, Worker
from workers.services import imports

HEADINGS = ("ID#", "First name", "Last name", "Position")
KIM = ("1", "Kim", "Lee", "Rigger")
BAD = ("2", "", "", "Rigger")


def nothing_is_left(data_import):
    return not (
        ImportFile.objects.filter(data_import=data_import).exists()
        or ImportRow.objects.filter(data_import=data_import).exists()
    )


def told(company):
    """What the audit trail says of imports, oldest first."""
    events = AuditEvent.objects.for_company(company).filter(subject_type="workers.dataimport")
    return [(event.actor_name, event.action) for event in events.order_by("id")]


@pytest.fixture
def in_background(monkeypatch):
    """Nothing is so small that it is done at once."""
    monkeypatch.setattr(imports, "SMALL_BYTES", -1)
    monkeypatch.setattr(imports, "SMALL_ROWS", -1)


# --- Step by step ----------------------------------------------------------------------


def test_the_background_does_what_is_large(company, in_background):
    data_import = uploaded(company, HEADINGS, KIM)
    assert (data_import.state, data_import.is_started) == ("reading", False)
    for do, state in (
        (lambda: None, "mapping"),
        (lambda: mapped(data_import), "ready"),
        (lambda: imports.import_apply(data_import=data_import, by=None), "applied"),
    ):
        do()
        run_background()
        data_import.refresh_from_db()
        assert data_import.state == state
    assert Worker.objects.get().position.name == "Rigger"
    assert not DBTaskResult.objects.failed().exists()


def test_the_file_goes_when_it_is_read_and_the_rows_when_they_are_applied(company):
    data_import = checked(company, HEADINGS, KIM)
    assert not ImportFile.objects.exists()
    assert data_import.rows.count() == 1
    imports.import_apply(data_import=data_import, by=None)
    assert nothing_is_left(data_import)


def test_bad_rows_keep_everything_out_unless_they_are_left_out(company):
    data_import = checked(company, HEADINGS, KIM, BAD)
    with pytest.raises(imports.NotPossible, match="some rows are bad"):
        imports.import_apply(data_import=data_import, by=None)
    assert not Worker.objects.exists()
    imports.import_apply(data_import=data_import, by=None, leave_out_bad=True)
    assert Worker.objects.count() == 1
    # What is left is what is to be fixed.
    assert outcomes(data_import) == {3: "bad"}


def test_the_choice_of_columns_is_remembered_for_the_company(company, other_company):
    first = uploaded(company, ("Shoe", "First name", "Last name", "ID"), ("00417", "K", "L", "x"))
    mapped(
        first,
        columns={"id_number": 0, "first_name": 1, "last_name": 2},
        date_order="month_first",
        create_places=False,
    )
    again = uploaded(company, ("SHOE", "ID"), ("00417", "x"))
    assert (again.columns, again.date_order) == ({"id_number": 0}, "month_first")
    assert again.create_places is False
    theirs = uploaded(other_company, ("SHOE", "ID"), ("00417", "x"))
    assert (theirs.columns, theirs.date_order) == ({"id_number": 1}, "day_first")
    assert ImportMemory.objects.count() == 1


def test_the_columns_can_be_chosen_anew_after_the_preview(company):
    data_import = checked(company, HEADINGS, KIM)
    again = mapped(data_import, columns={"id_number": 0, "first_name": 2, "last_name": 1})
    assert (again.state, again.rows.get().values["first_name"]) == ("ready", "Lee")


def test_a_form_that_is_sent_twice_makes_one_import(company):
    code = uuid.uuid4()
    for _time in range(2):
        imports.import_add(
            company=company,
            by=None,
            code=code,
            kind="workers",
            file_name="people.csv",
            content=as_csv(HEADINGS, KIM),
        )
    assert DataImport.objects.count() == 1


def test_the_code_of_another_companys_import_makes_one_of_ones_own(company, other_company):
    theirs = uploaded(other_company, HEADINGS, KIM)
    ours = imports.import_add(
        company=company,
        by=None,
        code=theirs.code,
        kind="workers",
        file_name="people.csv",
        content=as_csv(HEADINGS, KIM),
    )
    assert ours.company == company
    assert ours.code != theirs.code


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("C:\\Users\\me\\people.csv", "people.csv"),
        ("../../etc/passwd", "passwd"),
        ("a\x00b\n.csv", "ab.csv"),
        ("", "Unnamed"),
        ("x" * 300 + ".csv", "x" * 196 + ".csv"),
    ],
)
def test_the_name_of_a_file_is_kept_without_folders(company, name, kept):
    data_import = imports.import_add(
        company=company,
        by=None,
        code=uuid.uuid4(),
        kind="workers",
        file_name=name,
        content=as_csv(HEADINGS, KIM),
    )
    assert data_import.file_name == kept


def test_what_cannot_be_read_changes_nothing_and_says_why(company, admin):
    data_import = uploaded(company, content=(FILES / "nul.csv").read_bytes(), by=admin)
    assert data_import.state == "failed"
    assert data_import.problem.startswith("This is no text file: it holds NUL bytes.")
    assert nothing_is_left(data_import)
    assert told(company) == [("Ada Admin", "uploaded"), ("Ada Admin", "failed")]


def test_a_file_that_breaks_off_leaves_no_rows(company, monkeypatch):
    monkeypatch.setattr(planning, "BATCH", 1)
    data_import = uploaded(company, content=(FILES / "unbalanced-quotes.csv").read_bytes())
    assert (data_import.state, nothing_is_left(data_import)) == ("failed", True)


@pytest.mark.parametrize("name", ["only-headings.csv"])
def test_headings_alone_are_no_table(company, name):
    data_import = uploaded(company, content=(FILES / name).read_bytes())
    assert data_import.problem == "The file has headings, but no rows below them."


def test_a_step_that_is_over_cannot_be_done_again(company):
    data_import = checked(company, HEADINGS, KIM)
    imports.import_apply(data_import=data_import, by=None)
    for do in (
        lambda: imports.import_apply(data_import=data_import, by=None),
        lambda: mapped(data_import),
    ):
        with pytest.raises(imports.NotPossible, match="State of this import: Applied"):
            do()
    assert imports.import_cancel(data_import=data_import, by=None) is False
    assert Worker.objects.count() == 1


# --- Overtaken -------------------------------------------------------------------------


def test_a_preview_that_is_no_longer_true_is_made_anew_and_nothing_applied(company):
    data_import = checked(company, HEADINGS, KIM)
    worker_services.worker_add(
        company=company, by=None, id_number="1", first_name="Abel", last_name="Tesfaye"
    )
    data_import = imports.import_apply(data_import=data_import, by=None)
    assert (data_import.state, data_import.is_checked_anew) == ("ready", True)
    assert outcomes(data_import) == {2: "change"}
    assert Worker.objects.get().first_name == "Abel"
    assert not Position.objects.exists()
    data_import = imports.import_apply(data_import=data_import, by=None)
    assert (data_import.state, Worker.objects.get().first_name) == ("applied", "Kim")


def test_a_place_that_was_renamed_after_the_preview_is_noticed(company, welder):
    data_import = checked(company, HEADINGS, ("1", "Kim", "Lee", "Welder"))
    Position.objects.update(name="Fitter")
    data_import = imports.import_apply(data_import=data_import, by=None)
    assert data_import.is_checked_anew
    assert data_import.new_places == {"positions": [["Welder", ""]]}


def test_one_file_in_two_previews_is_applied_once(company):
    rows = (("First name", "Last name"), ("Kim", "Lee"))
    first, second = checked(company, *rows), checked(company, *rows)
    imports.import_apply(data_import=first, by=None)
    second = imports.import_apply(data_import=second, by=None)
    assert (second.state, second.counts) == ("ready", {"leave": 1})
    assert Worker.objects.count() == 1


def test_records_of_two_previews_are_applied_once(company, dana, first_aid):
    rows = (("ID#", "Requirement", "Completed on"), ("10482", "First Aid", "2025-06-14"))
    first, second = (checked(company, *rows, kind="records") for _time in range(2))
    imports.import_apply(data_import=first, by=None)
    second = imports.import_apply(data_import=second, by=None)
    assert (second.state, second.counts) == ("ready", {"leave": 1})
    assert dana.records.count() == 1


# --- Cancelled -------------------------------------------------------------------------


def test_cancelling_leaves_nothing_behind(company, admin):
    data_import = checked(company, HEADINGS, KIM, by=admin)
    assert imports.import_cancel(data_import=data_import, by=admin) is True
    assert nothing_is_left(data_import)
    assert not Worker.objects.exists()
    assert told(company)[-1] == ("Ada Admin", "cancelled")


TWO = (KIM, ("3", "Abel", "Tesfaye", "Rigger"))


def test_cancelling_while_it_is_read_leaves_no_rows(company, in_background, monkeypatch):
    monkeypatch.setattr(planning, "BATCH", 1)
    data_import = uploaded(company, HEADINGS, *TWO)

    @contextmanager
    def cancelled_after_a_row(content):
        with open_table(content) as table:

            def rows():
                yield next(table.rows)
                assert data_import.rows.count() == 1
                imports.import_cancel(data_import=data_import, by=None)
                yield from table.rows

            yield dataclasses.replace(table, rows=rows())

    monkeypatch.setattr(planning, "open_table", cancelled_after_a_row)
    run_background()
    data_import.refresh_from_db()
    assert (data_import.state, nothing_is_left(data_import)) == ("cancelled", True)


def test_cancelling_while_it_is_checked_leaves_no_rows(company, in_background, monkeypatch):
    data_import = uploaded(company, HEADINGS, *TWO)
    run_background()
    data_import.refresh_from_db()
    mapped(data_import)
    monkeypatch.setattr(planning, "BATCH", 1)
    plan = WorkersPlan.plan

    def cancelled_at_the_second(self, rows):
        plan(self, rows)
        if rows[0].line == 3:
            imports.import_cancel(data_import=data_import, by=None)

    monkeypatch.setattr(WorkersPlan, "plan", cancelled_at_the_second)
    run_background()
    data_import.refresh_from_db()
    assert (data_import.state, nothing_is_left(data_import)) == ("cancelled", True)
    assert not DBTaskResult.objects.failed().exists()


def test_a_cancel_is_noticed_between_the_batches_of_an_apply(company, monkeypatch):
    monkeypatch.setattr("workers.imports.applying.BATCH", 1)
    data_import = checked(company, HEADINGS, *TWO)
    told_of = []

    class Told:
        def __enter__(self):
            def tell(done):
                told_of.append(done)
                imports.import_cancel(data_import=data_import, by=None)

            return tell

        def __exit__(self, *exc):
            return False

    monkeypatch.setattr(progress, "told", lambda one: Told())
    imports.import_apply(data_import=data_import, by=None)
    assert told_of == [1]
    assert not Worker.objects.exists()


# --- Interrupted -----------------------------------------------------------------------


def interrupted(data_import, state):
    """The import as a worker leaves it that was killed a while ago."""
    DataImport.objects.filter(pk=data_import.pk).update(
        state=state,
        run=uuid.uuid4(),
        is_started=True,
        heartbeat_at=timezone.now() - timedelta(minutes=2),
    )
    data_import.refresh_from_db()
    return data_import


def look_after(data_import):
    imports.import_look_after(data_import_id=data_import.pk, run=data_import.run)
    run_background()
    data_import.refresh_from_db()


@pytest.mark.parametrize(
    ("state", "then"), [("reading", "mapping"), ("checking", "ready"), ("applying", "applied")]
)
def test_what_a_killed_worker_left_is_begun_anew(company, in_background, state, then):
    data_import = uploaded(company, HEADINGS, KIM)
    if state != "reading":
        run_background()
        data_import.refresh_from_db()
        mapped(data_import)
        run_background()
    else:
        # Half of the rows were staged when it was killed.
        ImportRow.objects.create(data_import=data_import, line=2, cells=["1", "Kim", "Lee", "R"])
        ImportRow.objects.create(data_import=data_import, line=99, cells=["9", "A", "B", "C"])
    interrupted(data_import, state)
    assert imports.is_stalled(data_import)
    look_after(data_import)
    assert data_import.state == then
    if then == "mapping":
        assert list(data_import.rows.values_list("line", flat=True)) == [2]
    if then == "applied":
        assert Worker.objects.count() == 1


def test_what_a_page_was_to_do_when_it_was_killed_is_begun_anew(company, monkeypatch):
    def killed(_data_import):
        raise SystemExit

    with monkeypatch.context() as page:
        page.setattr(imports, "_worked", killed)
        with pytest.raises(SystemExit):
            uploaded(company, HEADINGS, KIM)
    DataImport.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=5))
    data_import = DataImport.objects.get()
    look_after(data_import)
    assert data_import.state == "mapping"


def test_who_was_given_up_for_lost_can_write_no_more(company, in_background):
    data_import = interrupted(uploaded(company, HEADINGS, KIM), "reading")
    ghost = DataImport.objects.get(pk=data_import.pk)
    look_after(data_import)
    with pytest.raises(GivenUp):
        planning.stage(ghost, imports._teller(ghost))
    imports.import_work(data_import_id=ghost.pk, run=ghost.run)
    data_import.refresh_from_db()
    assert data_import.state == "mapping"


def test_who_is_at_work_is_left_to_it(company, in_background):
    data_import = uploaded(company, HEADINGS, KIM)
    DataImport.objects.update(is_started=True)
    data_import.refresh_from_db()
    run = data_import.run
    DBTaskResult.objects.all().delete()
    look_after(data_import)
    assert data_import.run == run
    # It looks again later.
    [task] = DBTaskResult.objects.all()
    assert task.task_path == "workers.imports.tasks.look_after"
    assert task.run_after > timezone.now()


def test_what_waits_for_its_turn_is_not_begun_twice(company, in_background):
    data_import = uploaded(company, HEADINGS, KIM)
    old = timezone.now() - timedelta(minutes=5)
    DataImport.objects.update(heartbeat_at=old)
    imports.import_look_after(data_import_id=data_import.pk, run=data_import.run)
    data_import.refresh_from_db()
    assert (data_import.attempts, data_import.is_started) == (0, False)


def test_what_is_interrupted_again_and_again_is_given_up(company, in_background, admin):
    data_import = interrupted(uploaded(company, HEADINGS, KIM, by=admin), "reading")
    DataImport.objects.update(attempts=3)
    look_after(data_import)
    assert data_import.state == "failed"
    assert data_import.problem == "The work was interrupted several times. Nothing was changed."
    assert nothing_is_left(data_import)


def test_somebody_can_have_it_begun_anew(company, in_background):
    data_import = uploaded(company, HEADINGS, KIM)
    assert imports.import_restart(data_import=data_import) is False
    interrupted(data_import, "reading")
    assert imports.import_restart(data_import=data_import) is True
    run_background()
    data_import.refresh_from_db()
    assert data_import.state == "mapping"


def test_a_worker_that_is_told_to_end_hands_its_work_on(company, in_background, monkeypatch):
    data_import = uploaded(company, HEADINGS, KIM)

    def told_to_end(*args):
        raise SystemExit(1)

    with monkeypatch.context() as patch:
        patch.setattr(planning, "stage", told_to_end)
        with pytest.raises(SystemExit):
            imports.import_work(data_import_id=data_import.pk, run=data_import.run)
    run_background()
    data_import.refresh_from_db()
    assert data_import.state == "mapping"


def test_a_database_that_is_away_is_no_failure_of_the_import(company, in_background, monkeypatch):
    data_import = uploaded(company, HEADINGS, KIM)

    def away(*args):
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(planning, "stage", away)
    with pytest.raises(OperationalError):
        imports.import_work(data_import_id=data_import.pk, run=data_import.run)
    data_import.refresh_from_db()
    assert data_import.state == "reading"


def test_a_fault_of_ours_is_told_without_its_details(company, monkeypatch):
    def broken(*args):
        raise KeyError("secret")

    monkeypatch.setattr(planning, "stage", broken)
    data_import = uploaded(company, HEADINGS, KIM)
    assert data_import.state == "failed"
    assert data_import.problem.startswith("Something went wrong here. Nothing was changed")
    assert "secret" not in data_import.problem


# --- Forgotten -------------------------------------------------------------------------


def aged(data_import, days):
    then = timezone.now() - timedelta(days=days)
    DataImport.objects.filter(pk=data_import.pk).update(created_at=then, heartbeat_at=then)


def test_what_nobody_applies_is_deleted_after_a_week(company):
    old, new = checked(company, HEADINGS, KIM), checked(company, HEADINGS, KIM)
    aged(old, 8)
    assert imports.imports_expire() == 1
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.state, new.state) == ("expired", "ready")
    assert nothing_is_left(old)
    assert told(company)[-1] == ("Workhub", "expired")


def test_bad_rows_of_what_was_applied_are_deleted_after_a_week(company):
    data_import = checked(company, HEADINGS, KIM, BAD)
    imports.import_apply(data_import=data_import, by=None, leave_out_bad=True)
    aged(data_import, 8)
    assert imports.imports_expire() == 0
    data_import.refresh_from_db()
    assert (data_import.state, nothing_is_left(data_import)) == ("applied", True)


def test_each_upload_sees_to_it_that_old_ones_go(company):
    old = checked(company, HEADINGS, KIM)
    aged(old, 8)
    # What an upload has ordered for a week later is due now.
    DBTaskResult.objects.filter(task_path="workers.imports.tasks.expire").update(
        run_after=timezone.now()
    )
    run_background()
    old.refresh_from_db()
    assert old.state == "expired"


# --- Told ------------------------------------------------------------------------------


def test_the_audit_trail_tells_of_an_import_from_end_to_end(company, admin):
    data_import = checked(company, HEADINGS, KIM, BAD, by=admin)
    with acting_from("192.0.2.7"):
        imports.import_apply(data_import=data_import, by=admin, leave_out_bad=True)
    assert told(company) == [
        ("Ada Admin", "uploaded"),
        ("Ada Admin", "started"),
        ("Ada Admin", "imported"),
    ]
    event = AuditEvent.objects.get(action="imported")
    assert event.subject_name == "people.csv"
    assert event.subject_id == str(data_import.code)
    assert event.changes == {
        "kind": ["", "Workers"],
        "created": ["", "1"],
        "bad rows left out": ["", "1"],
    }
    assert AuditEvent.objects.get(action="started").address == "192.0.2.7"


@pytest.mark.django_db(transaction=True)
def test_progress_is_seen_from_outside_while_the_transaction_is_open(
    company, tmp_path, monkeypatch
):
    data_import = checked(company, HEADINGS, KIM)
    if connection.vendor == "sqlite":
        monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "workhub.sqlite3"))
    with progress.told(data_import) as tell:
        tell(17)
        data_import.refresh_from_db()
        seen = progress.seen(data_import)
        assert (seen[0] if seen else data_import.rows_done) == 17
        assert not imports.is_stalled(data_import)
    assert progress.seen(data_import) is None
    assert list(tmp_path.iterdir()) == []
