"""What the background does for imports: `manage.py db_worker` runs these.

A task is only a nudge. What is to be done stands in the import itself, so that a task that
is lost, late or run twice does no harm.
"""

import uuid

from django.utils import timezone
from django_tasks import task
from django_tasks_db.models import DBTaskResult


@task()
def work(data_import_id: int, run: str) -> None:
    from workers.services import imports

    imports.import_work(data_import_id=data_import_id, run=uuid.UUID(run))


@task(priority=-10)
def look_after(data_import_id: int, run: str) -> None:
    from workers.services import imports

    imports.import_look_after(data_import_id=data_import_id, run=uuid.UUID(run))


@task(priority=-10)
def expire() -> None:
    """Delete old uploads, and the tasks that have long been done."""
    from workers.services import imports

    imports.imports_expire()
    DBTaskResult.objects.filter(
        task_path__startswith=f"{__name__}.",
        finished_at__lt=timezone.now() - imports.KEPT_FOR,
    ).delete()
