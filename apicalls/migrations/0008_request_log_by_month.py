"""On PostgreSQL, the request log becomes a table of partitions, one for each month."""

from django.db import migrations

from apicalls.partitions import partitions_ensure

TABLE = "apicalls_requestlog"


def partition(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute(
        f"CREATE TABLE {TABLE}_new (LIKE {TABLE} INCLUDING DEFAULTS INCLUDING CONSTRAINTS "
        "INCLUDING IDENTITY) PARTITION BY RANGE (at)"
    )
    schema_editor.execute(f"CREATE TABLE {TABLE}_default PARTITION OF {TABLE}_new DEFAULT")
    schema_editor.execute(f"INSERT INTO {TABLE}_new SELECT * FROM {TABLE}")
    schema_editor.execute(
        f"SELECT setval(pg_get_serial_sequence('{TABLE}_new', 'id'), "
        f"GREATEST((SELECT max(id) FROM {TABLE}_new), 1))"
    )
    schema_editor.execute(f"DROP TABLE {TABLE}")
    schema_editor.execute(f"ALTER TABLE {TABLE}_new RENAME TO {TABLE}")
    # What a table is partitioned by is part of its key.
    schema_editor.execute(f"ALTER TABLE {TABLE} ADD PRIMARY KEY (id, at)")
    request_log = apps.get_model("apicalls", "RequestLog")
    for index in request_log._meta.indexes:
        schema_editor.add_index(request_log, index)
    partitions_ensure()


class Migration(migrations.Migration):

    dependencies = [
        ('apicalls', '0007_request_counts'),
    ]

    operations = [
        migrations.RunPython(partition, migrations.RunPython.noop),
    ]
