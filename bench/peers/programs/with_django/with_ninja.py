"""Django Ninja, with the product's own pair for a key."""

import os

os.environ["ROOT_URLCONF"] = __name__
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.peers.programs.with_django.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from django.http import HttpRequest  # noqa: E402 (only now there are models)
from django.urls import path  # noqa: E402
from ninja import NinjaAPI  # noqa: E402
from ninja.security import APIKeyHeader  # noqa: E402

from bench.peers.programs.document import is_right, pair_in  # noqa: E402
from bench.peers.programs.schemas import WorkerCompliance  # noqa: E402
from bench.peers.programs.with_django.models import Credential  # noqa: E402
from bench.peers.programs.with_django.reading import answer  # noqa: E402


class Pair(APIKeyHeader):
    param_name = "Authorization"

    def authenticate(self, request: HttpRequest, key: str | None) -> Credential | None:
        pair = pair_in(key or "")
        if pair is None:
            return None
        known = Credential.objects.select_related("api_call__company")
        found = known.filter(client_key=pair[0], ends_at=None).first()
        if found is None or not is_right(
            *pair, digest=bytes(found.secret_digest), pepper_number=found.pepper_number
        ):
            return None
        return found


api = NinjaAPI(auth=Pair(), urls_namespace="bench", docs_url=None, openapi_url=None)


@api.get("/worker-compliance", response=WorkerCompliance)
def worker_compliance(request: HttpRequest, workerIDNumber: str) -> dict:  # noqa: N803
    return answer(request, request.auth, workerIDNumber)


urlpatterns = [path("api/v1/", api.urls)]
