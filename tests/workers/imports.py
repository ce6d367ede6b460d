"""Imports as the tests make them: from text to a preview, and on."""

import csv
import io
import uuid
from unittest import mock

from django_tasks_db.management.commands import db_worker

from workers.imports.models import ImportRow
from workers.services import imports


def as_csv(*rows):
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def uploaded(company, *rows, kind="workers", by=None, content=None, **options):
    return imports.import_add(
        company=company,
        by=by,
        code=uuid.uuid4(),
        kind=kind,
        file_name="people.csv",
        content=as_csv(*rows) if content is None else content,
        **options,
    )


def mapped(data_import, by=None, **options):
    chosen = {"columns": data_import.columns, "date_order": "day_first", "create_places": True}
    return imports.import_map(data_import=data_import, by=by, **(chosen | options))


def checked(company, *rows, kind="workers", by=None, content=None, **options):
    """Upload a file and take what is guessed of its columns; the rows are checked."""
    data_import = uploaded(company, *rows, kind=kind, by=by, content=content)
    return mapped(data_import, by, **options)


def outcomes(data_import):
    """What would become of each row: line -> outcome."""
    rows = ImportRow.objects.filter(data_import=data_import).order_by("line")
    return dict(rows.values_list("line", "outcome"))


def faults(data_import):
    """What is wrong: line -> "heading: reason" of each fault."""
    return {
        row.line: [f"{heading}: {reason}" if heading else reason for heading, reason in row.faults]
        for row in ImportRow.objects.filter(data_import=data_import, outcome="bad")
    }


def changes(data_import):
    """What would change: line -> {field: (before, after)}."""
    return {
        row.line: {label: (before, after) for label, before, after in row.changes}
        for row in ImportRow.objects.filter(data_import=data_import, outcome="change")
    }


def run_background():
    """Do all tasks that are due, as `manage.py db_worker` does, in the test's transaction."""
    worker = db_worker.Worker(
        queue_names=["default"],
        interval=0,
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id="tests",
        excluded_queue_names=[],
    )
    with mock.patch.object(db_worker, "close_old_connections"):
        worker.run()
