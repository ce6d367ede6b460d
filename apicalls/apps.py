from django.apps import AppConfig


class APICallsConfig(AppConfig):
    name = "apicalls"
    verbose_name = "API calls"

    def ready(self) -> None:
        # Models can be imported only now. To import the checks is to register them.
        from accounts.audit.trail import subject_types
        from accounts.services import secrets_not_kept_hooks
        from apicalls import checks  # noqa: F401
        from apicalls.models import APICall
        from apicalls.places import follow_merge, users_of
        from apicalls.services.credentials import secrets_forget
        from workers.services.places import place_merged_hooks, place_users_hooks

        subject_types.append(APICall)
        secrets_not_kept_hooks.append(secrets_forget)
        place_merged_hooks.append(follow_merge)
        place_users_hooks.append(users_of)
