from django.apps import AppConfig


class WorkersConfig(AppConfig):
    name = "workers"

    def ready(self) -> None:
        # Models can be imported only now.
        from accounts.audit.trail import subject_types
        from accounts.audit.words import VALUE_LABELS
        from accounts.services import company_changed_hooks
        from workers import models
        from workers.derivation import follow_company
        from workers.imports.models import DataImport
        from workers.labels import LEVELS
        from workers.limits import follow_merge, users_of
        from workers.services.places import place_merged_hooks, place_users_hooks

        subject_types.extend(
            [
                *(models.Worker, models.Record, models.Requirement, DataImport),
                *(models.Division, models.Location, models.Position),
            ]
        )
        VALUE_LABELS.update(assigned=LEVELS, unassigned=LEVELS)
        company_changed_hooks.append(follow_company)
        place_merged_hooks.append(follow_merge)
        place_users_hooks.append(users_of)
