from django.apps import AppConfig


class APICallsConfig(AppConfig):
    name = "apicalls"
    verbose_name = "API calls"

    def ready(self) -> None:
        # Models can be imported only now. To import the checks is to register them.
        from apicalls import checks  # noqa: F401
        from apicalls.places import follow_merge, users_of
        from workers.services.places import place_merged_hooks, place_users_hooks

        place_merged_hooks.append(follow_merge)
        place_users_hooks.append(users_of)
