"""On PostgreSQL, counting a request waits for no disk: a counter is of use for a minute.

After a crash, and on a replica that becomes the primary, the table is empty: windows begin anew.
"""

from django.db import migrations


def set_logged(word):
    def change(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"ALTER TABLE apicalls_limitcounter SET {word}")

    return change


class Migration(migrations.Migration):

    dependencies = [
        ('apicalls', '0016_request_day_counts'),
    ]

    operations = [
        migrations.RunPython(set_logged("UNLOGGED"), set_logged("LOGGED")),
    ]
