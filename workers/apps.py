from django.apps import AppConfig


class WorkersConfig(AppConfig):
    name = "workers"

    def ready(self) -> None:
        # Models can be imported only now.
        from accounts.services import company_changed_hooks
        from workers.derivation import follow_company

        company_changed_hooks.append(follow_company)
