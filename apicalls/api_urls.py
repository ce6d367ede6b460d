"""The API itself, below "api/". First of all addresses: programs ask more often than people."""

import re

from django.urls import path, re_path, register_converter
from django.urls.converters import StringConverter
from django.views.decorators.common import no_append_slash

from apicalls import endpoints, reference, schemas


class SchemaConverter(StringConverter):
    """The name of a schema that there is; any other is an address that is none."""

    regex = "|".join(map(re.escape, schemas.SCHEMAS))


register_converter(SchemaConverter, "schema")

urlpatterns = [
    path(
        "v1/worker-compliance",
        endpoints.WorkerComplianceView.as_view(),
        name="worker_compliance",
    ),
    path(
        "v1/compliance-roster",
        endpoints.ComplianceRosterView.as_view(),
        name="compliance_roster",
    ),
    path(
        "v1/compliance-changes",
        endpoints.ComplianceChangesView.as_view(),
        name="compliance_changes",
    ),
    path(
        "v1/expiring-requirements",
        endpoints.ExpiringRequirementsView.as_view(),
        name="expiring_requirements",
    ),
    path("v1/verify", endpoints.VerifyView.as_view(), name="verify"),
    path("v1/schemas/<schema:name>", schemas.schema, name="schema"),
    path("v1/openapi.json", reference.openapi_json, name="openapi_json"),
    path("v1/openapi.yaml", reference.openapi_yaml, name="openapi_yaml"),
    # Whatever else is asked below it. "/api" is not led there: the API never redirects.
    re_path("", no_append_slash(endpoints.NowhereView.as_view()), name="nowhere"),
]
