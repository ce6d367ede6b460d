"""All workers by nested ModelSerializers, as JSON and XML."""

from datetime import date

from django.db.models import Prefetch
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_xml.renderers import XMLRenderer

from bench.peers.programs.document import Item, because_of, items_of, today_in
from bench.peers.programs.with_django.models import (
    CallAPIKey,
    Credential,
    Worker,
    WorkerRequirement,
)
from bench.peers.programs.with_django.permissions import HasCallAPIKey
from bench.peers.programs.with_django.serializers import ComponentSummarySerializer
from workers.compliance import summary


class WorkerSerializer(serializers.ModelSerializer):
    id = serializers.CharField(source="public_id")
    workerIDNumber = serializers.CharField(source="id_number_or_none")  # noqa: N815
    firstName = serializers.CharField(source="first_name")  # noqa: N815
    middleName = serializers.CharField(source="middle_name")  # noqa: N815
    lastName = serializers.CharField(source="last_name")  # noqa: N815
    active = serializers.BooleanField(source="is_active")
    workerType = serializers.CharField(source="worker_type")  # noqa: N815
    position = serializers.CharField(source="position.name", default=None)
    location = serializers.CharField(source="location.name", default=None)
    division = serializers.CharField(source="location.division.name", default=None)

    class Meta:
        model = Worker
        fields = (
            *("id", "workerIDNumber", "firstName", "middleName", "lastName", "active"),
            *("workerType", "position", "location", "division"),
        )


class ItemSerializer(serializers.ModelSerializer):
    id = serializers.CharField(source="public_id")
    component = serializers.CharField(source="requirement.component")
    name = serializers.CharField(source="requirement.name")
    status = serializers.CharField(source="of_today.status")
    compliant = serializers.BooleanField(source="of_today.compliant")
    completedOn = serializers.DateField(source="record.completed_on", default=None)  # noqa: N815
    issuedOn = serializers.DateField(source="record.issued_on", default=None)  # noqa: N815
    expiresOn = serializers.DateField(source="expires_on")  # noqa: N815
    daysLeft = serializers.IntegerField(source="days_left")  # noqa: N815
    certificateNumber = serializers.CharField(source="certificate_number")  # noqa: N815
    issuer = serializers.CharField()
    because = serializers.ListField(source="reasons", child=serializers.CharField())

    class Meta:
        model = WorkerRequirement
        fields = (
            *("id", "component", "name", "level", "status", "compliant", "completedOn"),
            *("issuedOn", "expiresOn", "daysLeft", "certificateNumber", "issuer", "because"),
        )


class ComplianceSerializer(serializers.Serializer):
    compliant = serializers.BooleanField(source="totals.compliant")
    status = serializers.CharField(source="totals.status")
    percent = serializers.IntegerField(source="totals.percent")
    required = serializers.IntegerField(source="totals.required")
    complete = serializers.IntegerField(source="totals.complete")
    outstanding = serializers.IntegerField(source="totals.outstanding")
    comingDue = serializers.IntegerField(source="totals.coming_due")  # noqa: N815
    components = ComponentSummarySerializer(source="totals.components", many=True)
    items = ItemSerializer(many=True)


class EntrySerializer(serializers.Serializer):
    worker = WorkerSerializer(source="*")
    nextChangeOn = serializers.DateField(source="next_change_on")  # noqa: N815
    compliance = ComplianceSerializer(source="*")


class RosterView(APIView):
    permission_classes = [HasCallAPIKey]
    renderer_classes = [JSONRenderer, XMLRenderer]

    def get(self, request: Request) -> Response:
        key = CallAPIKey.objects.get_from_key(HasCallAPIKey().get_key(request))
        company = (
            Credential.objects.select_related("api_call__company")
            .get(pk=key.credential_id)
            .api_call.company
        )
        today = today_in(company.time_zone)
        items = WorkerRequirement.objects.select_related("requirement", "record")
        workers = (
            Worker.objects.filter(company=company)
            .select_related("position", "location__division")
            .prefetch_related(Prefetch("requirements", queryset=items))
            .order_by("pk")
        )
        entries = EntrySerializer([_judged(one, today) for one in workers], many=True).data
        return Response(
            {"version": "1", "asOf": today, "workers": entries, "next": None, "count": len(entries)}
        )


def _judged(worker: Worker, today: date) -> Worker:
    """Return the worker with what the rules say of them on the day."""
    rows = {one.requirement_id: one for one in worker.requirements.all()}
    items = items_of((one.as_row() for one in rows.values()), today)
    worker.items = [_told(rows[one.row.requirement_id], one, worker, today) for one in items]
    worker.totals = summary(items, is_active=worker.is_active)
    changes = (one.next_change_on for one in items if one.next_change_on)
    worker.next_change_on = min(changes, default=None)
    return worker


def _told(row: WorkerRequirement, item: Item, worker: Worker, today: date) -> WorkerRequirement:
    row.of_today = item
    row.days_left = (row.expires_on - today).days if row.expires_on else None
    row.certificate_number = item.row.certificate_number or None
    row.issuer = item.row.issuer or None
    position, location = worker.position, worker.location
    row.reasons = because_of(
        row.because, position.name if position else "", location.name if location else ""
    )
    return row
