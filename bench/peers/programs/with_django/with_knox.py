"""Django REST framework with django-rest-knox."""

import os

os.environ["ROOT_URLCONF"] = __name__
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.peers.programs.with_django.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from django.urls import path  # noqa: E402 (only now there are models)
from knox.auth import TokenAuthentication  # noqa: E402
from rest_framework.permissions import IsAuthenticated  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from bench.peers.programs.with_django.models import Credential  # noqa: E402
from bench.peers.programs.with_django.reading import answer  # noqa: E402
from bench.peers.programs.with_django.serializers import (  # noqa: E402
    WorkerComplianceSerializer,
)


class WorkerComplianceView(APIView):
    authentication_classes = [TokenAuthentication]
    permission_classes = [IsAuthenticated]

    def get(self, request: Request) -> Response:
        # The library reads the token and its user; what else it belongs to is the program's.
        credential = Credential.objects.select_related("api_call__company").get(
            pk=request.auth.credential_id
        )
        body = answer(request._request, credential, request.query_params["workerIDNumber"])
        return Response(WorkerComplianceSerializer(body).data)


urlpatterns = [path("api/v1/worker-compliance", WorkerComplianceView.as_view())]
