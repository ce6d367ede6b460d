"""What each call serves, and what each logged request was answered with.

The scope of a request that is over was not kept until now; it gets that of today. What the
changes feed had told by then is worked out from its time.
"""

from django.db import migrations
from django.db.models import Max, OuterRef, Subquery
from django.db.models.functions import Coalesce


def fill_served_versions(apps, schema_editor):
    APICall = apps.get_model("apicalls", "APICall")
    RequestLog = apps.get_model("apicalls", "RequestLog")
    ServedVersion = apps.get_model("apicalls", "ServedVersion")
    for api_call in APICall.objects.all():
        logged = RequestLog.objects.filter(api_call=api_call)
        for field_groups in logged.order_by().values_list("field_groups", flat=True).distinct():
            version = ServedVersion.objects.create(
                api_call=api_call, field_groups=field_groups, scope=api_call.scope
            )
            logged.filter(field_groups=field_groups).update(served_version=version)
        api_call.served_version = ServedVersion.objects.create(
            api_call=api_call, field_groups=api_call.field_groups, scope=api_call.scope
        )
        api_call.save(update_fields=["served_version"])


def fill_change_sequences(apps, schema_editor):
    Company = apps.get_model("accounts", "Company")
    RequestLog = apps.get_model("apicalls", "RequestLog")
    ComplianceChange = apps.get_model("workers", "ComplianceChange")
    for company in Company.objects.all():
        told = (
            ComplianceChange.objects.filter(company=company, at__lte=OuterRef("at"))
            .order_by()
            .values("company")
            .annotate(last=Max("sequence"))
            .values("last")
        )
        RequestLog.objects.filter(
            api_call__company=company, worker_id__isnull=False
        ).update(change_sequence=Coalesce(Subquery(told), 0))


class Migration(migrations.Migration):

    dependencies = [
        ('apicalls', '0005_served_versions'),
        ('workers', '0001_initial'),
    ]

    operations = [
        migrations.RunPython(fill_served_versions, migrations.RunPython.noop),
        migrations.RunPython(fill_change_sequences, migrations.RunPython.noop),
    ]
