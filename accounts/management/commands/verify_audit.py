import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.audit.verification import line_of, verify_and_note
from accounts.models import Company

# A line that this command has printed, or that the daily verification has logged.
_LINE = re.compile(r"company (\d+), entry (\d+), digest ([0-9a-f]{64})\b")


class Command(BaseCommand):
    help = (
        "Follow the audit trail of every company from its first entry to its last, and name the "
        "first one that was changed, removed or slipped in. Keep what it prints where no "
        "administrator of the database can write, and give it back with --against: a trail that "
        "was written anew from beginning to end is then found out too."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--company", type=int, help="number of the one company to verify")
        parser.add_argument(
            "--against",
            type=Path,
            metavar="FILE",
            help="what this command printed earlier, or lines of the log",
        )

    def handle(self, *args: Any, company: int | None, against: Path | None, **options: Any) -> None:
        kept = _kept(against) if against else {}
        companies = Company.objects.order_by("pk")
        if company is not None:
            companies = companies.filter(pk=company)
            if not companies:
                raise CommandError(f"There is no company {company}.")
        verdicts = []
        for one in companies:
            verdict = verify_and_note(company=one, kept=kept.get(one.pk))
            verdicts.append(verdict)
            self.stdout.write(line_of(one, verdict))
        gone = kept.keys() - set(Company.objects.values_list("pk", flat=True))
        if company is None and gone:
            raise CommandError(f"Companies that had a trail are gone: {sorted(gone)}.")
        broken = sum(not verdict.holds for verdict in verdicts)
        if broken:
            raise CommandError(f"{broken} of {len(verdicts)} audit trails do not hold.")


def _kept(file: Path) -> dict[int, dict[int, str]]:
    """Read which digests each company's entries had."""
    kept: dict[int, dict[int, str]] = defaultdict(dict)
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}") from error
    for number, line in enumerate(lines, start=1):
        match = _LINE.search(line)
        if match is None:
            raise CommandError(f"Line {number} of {file} is none that this command prints: {line}")
        if int(match[2]):
            kept[int(match[1])][int(match[2])] = match[3]
    return kept
