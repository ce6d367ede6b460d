"""Who is let in by djangorestframework-api-key."""

from rest_framework_api_key.permissions import BaseHasAPIKey

from bench.peers.programs.with_django.models import CallAPIKey


class HasCallAPIKey(BaseHasAPIKey):
    model = CallAPIKey
