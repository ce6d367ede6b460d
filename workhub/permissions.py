"""REST framework's default permission. It imports no view: views are what loads it."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class DenyAll(BasePermission):
    """An endpoint that does not say whom it answers, answers nobody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return False
