from typing import Any

from django.core.management.base import BaseCommand

from apicalls.retention import BATCH, purge


class Command(BaseCommand):
    help = (
        "Delete what the request log has kept for longer than each company wants. Run it "
        "daily; it works in small batches, beside requests, and can be interrupted."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--batch", type=int, default=BATCH, help="rows to delete in one transaction"
        )

    def handle(self, *args: Any, batch: int, **options: Any) -> None:
        deleted = purge(batch=batch)
        self.stdout.write(f"{deleted} rows deleted")
