import time
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from apicalls.clock import Clock

EVERY_SECONDS = 60


class Command(BaseCommand):
    help = (
        "Do what has to be done as time passes: count requests for the figures, tell the "
        "changes feed what days have changed, prepare the months of the request log and delete "
        "what is kept no longer. Run it every few minutes, or once with --forever; late or "
        "twice does no harm."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--forever", action="store_true", help="go on until stopped")

    def handle(self, *args: Any, forever: bool, **options: Any) -> None:
        clock = Clock()
        while True:
            for line in clock.tick():
                self.stdout.write(line)
            if not forever:
                return
            time.sleep(EVERY_SECONDS)
            close_old_connections()
