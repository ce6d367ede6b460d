from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.sign_in.resealing import authenticators_reseal
from apicalls.rotation import BATCH, BATCH_ON_SQLITE, Rotation, in_use, rotate


class Command(BaseCommand):
    help = (
        "Seal all Client Secrets and authenticator apps under the highest numbers of "
        "CREDENTIAL_PEPPERS and CREDENTIAL_KEYS, beside requests and in batches; interrupted, run "
        "it again. Then it says which older numbers nothing needs any more."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--batch",
            type=int,
            help=f"pairs in one transaction ({BATCH}; on SQLite {BATCH_ON_SQLITE})",
        )
        parser.add_argument(
            "--check", action="store_true", help="only say which numbers are needed"
        )

    def handle(self, *args: Any, batch: int | None, check: bool, **options: Any) -> None:
        if batch is not None and batch < 1:
            raise CommandError("--batch must be 1 or more.")
        if not check:
            rotation = Rotation(todo=0)
            for rotation in rotate(batch=batch):
                self.stdout.write(f"{rotation.done} of {rotation.todo} pairs sealed anew")
            if rotation.unreadable:
                self.stdout.write(
                    f"{rotation.unreadable} pairs cannot be read: their key is not in "
                    "CREDENTIAL_KEYS. They are answered as before, and cannot be shown."
                )
            if resealed := authenticators_reseal():
                self.stdout.write(f"{resealed} authenticator apps sealed anew")
        self._say_what_is_needed()

    def _say_what_is_needed(self) -> None:
        used = in_use()
        for name, missing in (
            ("CREDENTIAL_PEPPERS", used.missing_peppers),
            ("CREDENTIAL_KEYS", used.missing_keys),
        ):
            for number, pairs in missing.items():
                self.stdout.write(f"{name} has no number {number}, which {pairs} rows need.")
        for name, unused in (
            ("CREDENTIAL_PEPPERS", used.unused_peppers),
            ("CREDENTIAL_KEYS", used.unused_keys),
        ):
            for number in unused:
                self.stdout.write(f"{name} number {number} can be taken out: nothing needs it.")
