from django.apps import AppConfig


class APICallsConfig(AppConfig):
    name = "apicalls"
    verbose_name = "API calls"
