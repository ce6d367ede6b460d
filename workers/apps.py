from django.apps import AppConfig


class WorkersConfig(AppConfig):
    name = "workers"

    def ready(self) -> None:
        # Models can be imported only now.
        from accounts.audit.trail import subject_types
        from accounts.services import company_changed_hooks
        from workers import models
        from workers.derivation import follow_company
        from workers.imports.models import DataImport

        subject_types.extend(
            [
                *(models.Worker, models.Record, models.Requirement, DataImport),
                *(models.Division, models.Location, models.Position),
            ]
        )
        company_changed_hooks.append(follow_company)
