from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Company
from workers import derivation


class Command(BaseCommand):
    """Go over all derived rows; on a sound installation there is nothing to change."""

    help = "Bring the stored compliance of all workers up to date, and tell what was wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--company", type=int, metavar="ID", help="only this company")
        parser.add_argument(
            "--check", action="store_true", help="change nothing; exit 1 when something differs"
        )

    def handle(self, *args: Any, company: int | None, check: bool, **options: Any) -> None:
        do = derivation.differences if check else derivation.rebuild
        total = derivation.Counts()
        for one in _companies(company):
            counts = do(company=one)
            total += counts
            if counts:
                self.stdout.write(
                    f"{one.name} (company {one.pk}): {counts.created} created, "
                    f"{counts.changed} changed, {counts.deleted} deleted"
                )
        if not total:
            self.stdout.write("nothing to change")
        elif check:
            raise CommandError("Something differs; nothing was changed.", returncode=1)


def _companies(pk: int | None) -> list[Company]:
    if pk is None:
        return list(Company.objects.order_by("pk"))
    try:
        return [Company.objects.get(pk=pk)]
    except Company.DoesNotExist:
        raise CommandError(f"There is no company {pk}.") from None
