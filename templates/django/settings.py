import os
import sys  # if module_init

import posthog  # if module_init

# PostHog
POSTHOG_PROJECT_TOKEN = os.environ.get("POSTHOG_PROJECT_TOKEN", "")
POSTHOG_HOST = os.environ.get("POSTHOG_HOST", "")
POSTHOG_MW_CAPTURE_EXCEPTIONS = False  # if not error_tracking

testing = sys.argv[1:2] == ["test"]  # if manage_test
testing = "pytest" in sys.modules or sys.argv[1:2] == ["test"]  # if pytest
posthog.api_key = POSTHOG_PROJECT_TOKEN  # if module_init
posthog.host = POSTHOG_HOST  # if module_init
posthog.disabled = testing or not POSTHOG_PROJECT_TOKEN  # if module_init
