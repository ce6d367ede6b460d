"""What was written of each company so far becomes a chain (accounts/audit/chain.py)."""

import django.db.models.deletion
from django.db import migrations, models

from accounts.audit import chain

BATCH = 1000


def link(apps, schema_editor):
    company_model = apps.get_model("accounts", "Company")
    event_model = apps.get_model("accounts", "AuditEvent")
    head_model = apps.get_model("accounts", "AuditHead")
    for company_id in company_model.objects.order_by("pk").values_list("pk", flat=True):
        sequence, digest = 0, chain.BEGINNING
        events = event_model.objects.filter(company_id=company_id).order_by("id")
        batch = []
        for event in events.iterator(chunk_size=BATCH):
            sequence += 1
            digest = chain.digest_of(
                previous=digest,
                company_id=company_id,
                sequence=sequence,
                at=event.at,
                actor_id=event.actor_id,
                actor_name=event.actor_name,
                action=event.action,
                subject_type=event.subject_type,
                subject_id=event.subject_id,
                subject_name=event.subject_name,
                changes=event.changes,
                address=event.address,
            )
            event.sequence, event.digest = sequence, digest
            batch.append(event)
            if len(batch) == BATCH:
                event_model.objects.bulk_update(batch, ["sequence", "digest"])
                batch = []
        event_model.objects.bulk_update(batch, ["sequence", "digest"])
        if sequence:
            head_model.objects.create(company_id=company_id, sequence=sequence, digest=digest)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_secrets_policy'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditHead',
            fields=[
                ('company', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='audit_head', serialize=False, to='accounts.company')),
                ('sequence', models.PositiveBigIntegerField(default=0)),
                ('digest', models.CharField(default='0000000000000000000000000000000000000000000000000000000000000000', max_length=64)),
                ('verified_at', models.DateTimeField(null=True)),
                ('verified_sequence', models.PositiveBigIntegerField(default=0)),
                ('broken_at', models.PositiveBigIntegerField(null=True)),
            ],
            options={
                'verbose_name': 'end of the activity',
                'verbose_name_plural': 'ends of the activity',
            },
        ),
        migrations.AddField(
            model_name='auditevent',
            name='digest',
            field=models.CharField(max_length=64, null=True),
        ),
        migrations.AddField(
            model_name='auditevent',
            name='sequence',
            field=models.PositiveBigIntegerField(null=True, verbose_name='number'),
        ),
        migrations.RunPython(link, migrations.RunPython.noop),
    ]
