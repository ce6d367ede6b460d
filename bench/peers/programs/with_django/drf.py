"""Django REST framework with djangorestframework-api-key."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.peers.programs.with_django.settings")
application = get_wsgi_application()

from django.urls import path  # noqa: E402 (only now there are models)
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from bench.peers.programs.with_django.models import CallAPIKey, Credential  # noqa: E402
from bench.peers.programs.with_django.permissions import HasCallAPIKey  # noqa: E402
from bench.peers.programs.with_django.reading import answer  # noqa: E402
from bench.peers.programs.with_django.roster import RosterView  # noqa: E402
from bench.peers.programs.with_django.serializers import (  # noqa: E402
    WorkerComplianceSerializer,
)


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


urlpatterns = [
    path("api/v1/worker-compliance", WorkerComplianceView.as_view()),
    path("api/v1/compliance-roster", RosterView.as_view()),
]
