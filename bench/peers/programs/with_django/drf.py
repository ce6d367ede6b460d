"""Django REST framework with djangorestframework-api-key."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.peers.programs.with_django.settings")
application = get_wsgi_application()

from django.urls import path  # noqa: E402 (only now there are models)
from rest_framework import serializers  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402
from rest_framework_api_key.permissions import BaseHasAPIKey  # noqa: E402

from bench.peers.programs.with_django.models import CallAPIKey, Credential  # noqa: E402
from bench.peers.programs.with_django.reading import answer  # noqa: E402


class WorkerSerializer(serializers.Serializer):
    id = serializers.CharField()
    workerIDNumber = serializers.CharField()  # noqa: N815 (the names of the contract)
    firstName = serializers.CharField()  # noqa: N815
    middleName = serializers.CharField()  # noqa: N815
    lastName = serializers.CharField()  # noqa: N815
    active = serializers.BooleanField()
    workerType = serializers.CharField()  # noqa: N815
    position = serializers.CharField()
    location = serializers.CharField()
    division = serializers.CharField()


class ComponentSummarySerializer(serializers.Serializer):
    component = serializers.CharField()
    required = serializers.IntegerField()
    complete = serializers.IntegerField()
    percent = serializers.IntegerField()


class ItemSerializer(serializers.Serializer):
    id = serializers.CharField()
    component = serializers.CharField()
    name = serializers.CharField()
    level = serializers.CharField()
    status = serializers.CharField()
    compliant = serializers.BooleanField()
    completedOn = serializers.DateField()  # noqa: N815
    issuedOn = serializers.DateField()  # noqa: N815
    expiresOn = serializers.DateField()  # noqa: N815
    daysLeft = serializers.IntegerField()  # noqa: N815
    certificateNumber = serializers.CharField()  # noqa: N815
    issuer = serializers.CharField()
    because = serializers.ListField(child=serializers.CharField())


class ComplianceSerializer(serializers.Serializer):
    compliant = serializers.BooleanField()
    status = serializers.CharField()
    percent = serializers.IntegerField()
    required = serializers.IntegerField()
    complete = serializers.IntegerField()
    outstanding = serializers.IntegerField()
    comingDue = serializers.IntegerField()  # noqa: N815
    components = ComponentSummarySerializer(many=True)
    items = ItemSerializer(many=True)


class WorkerComplianceSerializer(serializers.Serializer):
    version = serializers.CharField()
    asOf = serializers.DateField()  # noqa: N815
    nextChangeOn = serializers.DateField()  # noqa: N815
    worker = WorkerSerializer()
    compliance = ComplianceSerializer()


class HasCallAPIKey(BaseHasAPIKey):
    model = CallAPIKey


class WorkerComplianceView(APIView):
    permission_classes = [HasCallAPIKey]

    def get(self, request: Request) -> Response:
        # As the library's documentation has it: the key once more, for what it belongs to.
        key = CallAPIKey.objects.get_from_key(HasCallAPIKey().get_key(request))
        credential = Credential.objects.select_related("api_call__company").get(
            pk=key.credential_id
        )
        body = answer(request._request, credential, request.query_params["workerIDNumber"])
        return Response(WorkerComplianceSerializer(body).data)


urlpatterns = [path("api/v1/worker-compliance", WorkerComplianceView.as_view())]
