import sys

import posthog
from django.apps import AppConfig
from django.conf import settings


class ProjectConfig(AppConfig):
    def ready(self):
        testing = sys.argv[1:2] == ["test"]  # if not pytest
        testing = "pytest" in sys.modules or sys.argv[1:2] == ["test"]  # if pytest
        posthog.api_key = settings.POSTHOG_PROJECT_TOKEN
        posthog.host = settings.POSTHOG_HOST
        posthog.disabled = testing or not settings.POSTHOG_PROJECT_TOKEN
