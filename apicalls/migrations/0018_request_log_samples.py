"""On PostgreSQL, ANALYZE draws 3,000 rows of the request log and not 30,000.

It runs each time the log has grown by a tenth, beside the answers, and kept a processor for a
fifth of a second: of all that delays an answer, the most. Months to come are made so by
apicalls/partitions.py.
"""

from django.db import migrations

# Rows of the sample: 300 for each. -1: as the server has it.
TARGET, OF_SERVER = 10, -1


def set_statistics(target):
    def change(apps, schema_editor):
        if schema_editor.connection.vendor != "postgresql":
            return
        log = apps.get_model("apicalls", "RequestLog")._meta
        columns = ", ".join(
            f"ALTER COLUMN {schema_editor.quote_name(field.column)} SET STATISTICS {target}"
            for field in log.concrete_fields
        )
        # The partitions that there are as well.
        schema_editor.execute(f"ALTER TABLE {log.db_table} {columns}")

    return change


class Migration(migrations.Migration):

    dependencies = [
        ('apicalls', '0017_limit_counters_unlogged'),
    ]

    operations = [
        migrations.RunPython(set_statistics(TARGET), set_statistics(OF_SERVER)),
    ]
