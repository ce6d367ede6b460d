import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apicalls.demo import DemoAlreadyLoaded, demo_load
from workers.demo.multiply import multiply


class Command(BaseCommand):
    help = "Load two demo companies with people, workers and an API call."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--password", default="", help="for everybody in it; made up when not given"
        )

        parser.add_argument(
            "--workers",
            type=int,
            default=0,
            help="copy the first company's until there are so many, for something to measure on",
        )

    def handle(self, *args: Any, password: str, workers: int, **options: Any) -> None:
        password = password or secrets.token_urlsafe(9)
        try:
            demo = demo_load(password=password)
        except DemoAlreadyLoaded as error:
            raise CommandError("The demo companies are there already.") from error
        if workers:
            for number in multiply(company=demo.company, workers=workers):
                self.stdout.write(f"{number} workers of {demo.company}")
        self.stdout.write(f"Loaded two companies with {demo.workers} workers.")
        for email, role in demo.people:
            self.stdout.write(f"  {role:8} {email}  {password}")
