"""On PostgreSQL, the limit counters are vacuumed after ten million counts, and not each minute.

A counter is one row that is counted up in its place: what it leaves is cleared away as it goes.
But after each vacuum and each analysis every connection plans anew what reads a worker and counts
beside it, all of them at once, and who asks just then waits.
"""

from django.db import migrations

SELDOM = 10_000_000
OPTIONS = ("autovacuum_vacuum_threshold", "autovacuum_analyze_threshold")


def seldom(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        options = ", ".join(f"{name} = {SELDOM}" for name in OPTIONS)
        schema_editor.execute(f"ALTER TABLE apicalls_limitcounter SET ({options})")


def as_others(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE apicalls_limitcounter RESET ({', '.join(OPTIONS)})")


class Migration(migrations.Migration):

    dependencies = [
        ('apicalls', '0018_request_log_samples'),
    ]

    operations = [
        migrations.RunPython(seldom, as_others),
    ]
