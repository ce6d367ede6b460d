from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """django-allauth as Workhub uses it: people are added by an admin of their company."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
