"""The API templates that every installation begins with, their parameter sets and field groups."""

from django.db import migrations

TEMPLATES = [
    {
        "code": "worker-compliance",
        "name": "Worker compliance",
        "purpose": (
            "Tells whether one worker is compliant today, and what is missing, expired or "
            "coming due. For a gate, a dispatch system or an HR program that asks about a "
            "worker at a time."
        ),
        "parameter_sets": [
            ("WorkerIDNumber", "id_number"),
            ("FirstName&MiddleName&LastName", "full_name"),
        ],
        "field_groups": [
            ("Names", "names", True),
            ("Position, location, division", "placement", True),
            ("E-mail", "contact", False),
            ("Items", "items", True),
            ("Certificate details", "certificate_details", True),
            ("Optional items", "optional_items", True),
            ("Reasons", "reasons", True),
        ],
    },
    {
        "code": "compliance-roster",
        "name": "Compliance roster",
        "purpose": (
            "Lists all workers with how they stand, in pages or as one stream. For a program "
            "that keeps its own copy, or a report about everybody."
        ),
        "parameter_sets": [
            ("Status", "status"),
            ("Component", "component"),
            ("Position", "position"),
            ("Location", "location"),
            ("Division", "division"),
            ("RequiredOnly", "required_only"),
            ("DueBefore", "due_before"),
        ],
        "field_groups": [
            ("Names", "names", True),
            ("Position, location, division", "placement", True),
            ("E-mail", "contact", False),
            ("Items", "items", False),
            ("Certificate details", "certificate_details", False),
            ("Optional items", "optional_items", False),
            ("Reasons", "reasons", False),
        ],
    },
    {
        "code": "compliance-changes",
        "name": "Compliance changes",
        "purpose": (
            "Tells what has changed since the last time, removals included. For a program "
            "that has read the roster once and stays up to date from there."
        ),
        "parameter_sets": [("Since", "since")],
        "field_groups": [
            ("Names", "names", True),
            ("Position, location, division", "placement", False),
            ("E-mail", "contact", False),
            ("Optional items", "optional_items", False),
        ],
    },
    {
        "code": "expiring-requirements",
        "name": "Expiring requirements",
        "purpose": (
            "Lists what lapses within a number of days, the soonest first. For reminders and "
            "for whoever plans renewals."
        ),
        "parameter_sets": [("WithinDays", "within_days")],
        "field_groups": [
            ("Names", "names", True),
            ("Position, location, division", "placement", True),
            ("E-mail", "contact", False),
            ("Certificate details", "certificate_details", True),
            ("Optional items", "optional_items", False),
            ("Reasons", "reasons", False),
        ],
    },
]


def add(apps, schema_editor):
    for order, facts in enumerate(TEMPLATES, start=1):
        template = apps.get_model("apicalls", "APITemplate").objects.create(
            code=facts["code"],
            name=facts["name"],
            purpose=facts["purpose"],
            request_type="GET",
            document=facts["code"],
            order=order,
        )
        for place, (label, lookup) in enumerate(facts["parameter_sets"], start=1):
            apps.get_model("apicalls", "ParameterSet").objects.create(
                template=template, label=label, lookup=lookup, order=place
            )
        for place, (label, group, is_default) in enumerate(facts["field_groups"], start=1):
            apps.get_model("apicalls", "FieldGroup").objects.create(
                template=template, label=label, group=group, is_default=is_default, order=place
            )


def remove(apps, schema_editor):
    codes = [facts["code"] for facts in TEMPLATES]
    apps.get_model("apicalls", "APITemplate").objects.filter(code__in=codes).delete()


class Migration(migrations.Migration):
    dependencies = [("apicalls", "0001_initial")]

    operations = [migrations.RunPython(add, remove)]
