from typing import Any

from django.core.management.base import BaseCommand

from accounts.models import Company
from workers.dates import follow_dates


class Command(BaseCommand):
    help = (
        "Tell the changes feed what came due or expired by a day passing. Run it daily, for "
        "instance soon after midnight in each company's time zone; late or twice does no harm."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for company in Company.objects.order_by("pk"):
            told = follow_dates(company=company)
            if told:
                self.stdout.write(f"{company}: {told} changes")
