"""The first API template, of the help article: Worker compliance with its two parameter sets."""

from django.db import migrations


def add(apps, schema_editor):
    template = apps.get_model("apicalls", "APITemplate").objects.create(
        code="worker-compliance",
        name="Worker compliance",
        purpose=(
            "Tells whether one worker is compliant today, and what is missing, expired or "
            "coming due. For a gate, a dispatch system or an HR program that asks about a "
            "worker at a time."
        ),
        request_type="GET",
        document="worker-compliance",
        order=1,
    )
    parameter_set = apps.get_model("apicalls", "ParameterSet")
    parameter_set.objects.create(
        template=template, label="WorkerIDNumber", lookup="id_number", order=1
    )
    parameter_set.objects.create(
        template=template, label="FirstName&MiddleName&LastName", lookup="full_name", order=2
    )


def remove(apps, schema_editor):
    apps.get_model("apicalls", "APITemplate").objects.filter(code="worker-compliance").delete()


class Migration(migrations.Migration):
    dependencies = [("apicalls", "0001_initial")]

    operations = [migrations.RunPython(add, remove)]
