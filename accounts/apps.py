from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        # Models can be imported only now.
        from accounts.audit.trail import subject_types
        from accounts.models import Company, Invitation, User

        subject_types.extend([Company, Invitation, User])
