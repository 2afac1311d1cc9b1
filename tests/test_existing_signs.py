"""Which files are worth parsing: those whose text can set PostHog up, and few others."""

from __future__ import annotations

import pytest

from wizard.existing.signs import in_python, in_script, mentioned

CAN = {
    "init": "posthog.init('phc_a')",
    "init_by_a_string": "posthog['init']('phc_a')",
    "init_on_a_line_of_its_own": "posthog.\n  init('phc_a')",
    "a_new_client": "const client = new PostHog('phc_a')",
    "a_new_client_of_a_namespace": "const client = new Analytics.PostHog('phc_a')",
    "a_provider": "<PostHogProvider apiKey={key}>",
    "the_snippet": "!function(t,e){array.js}(posthog)",
    "the_snippet_of_a_window": "window.posthog = []",
    "a_module_of_a_framework": "modules: ['nuxt-posthog']",
    "a_package_that_wraps_it": "import { usePostHog } from 'vue-posthog'",
}
CANNOT = {
    "an_import": "import posthog from 'posthog-js'",
    "an_event": "posthog.capture('signed_up')",
    "a_hook": "const posthog = usePostHog()",
    "a_provider_without_a_key": "<PostHogProvider client={client}>",
    "initial": "const initial = posthog",
    "minified": "posthog.init('phc_a');" + "x" * 60_000,
}


@pytest.mark.parametrize("text", CAN.values(), ids=CAN)
def test_a_script_that_can_set_it_up(text: str) -> None:
    assert in_script(text)


@pytest.mark.parametrize("text", CANNOT.values(), ids=CANNOT)
def test_a_script_that_cannot(text: str) -> None:
    assert not in_script(text)


CAN_IN_PYTHON = {
    "the_class": "from posthog import Posthog",
    "a_client": "from posthog import Client\nClient('phc_a')",
    "a_setting_of_the_module": "import posthog\nposthog.api_key = 'phc_a'",
    "an_import_on_two_lines": "import os, \\\n  posthog\nposthog.api_key = 'phc_a'",
    "an_integration": "posthog.integrations.django",
}
CANNOT_IN_PYTHON = {
    "an_event": "import posthog\nposthog.capture('a', 'signed_up')",
    "a_client_of_another": "from redis import Client\nClient()",
    "a_key_of_another": "# as posthog does\nimport stripe\nstripe.api_key = 'sk'",
    "a_comment": "# posthog",
}


@pytest.mark.parametrize("text", CAN_IN_PYTHON.values(), ids=CAN_IN_PYTHON)
def test_a_python_file_that_can_set_it_up(text: str) -> None:
    assert in_python(text)


@pytest.mark.parametrize("text", CANNOT_IN_PYTHON.values(), ids=CANNOT_IN_PYTHON)
def test_a_python_file_that_cannot(text: str) -> None:
    assert not in_python(text)


MENTIONS = {
    "lower": (b"posthog", True),
    "a_brand": (b"PostHog", True),
    "a_variable": (b"POSTHOG_KEY", True),
    "utf_16": ("PostHog".encode("utf-16-le"), True),
    "apart": (b"post hog", False),
    "cut": (b"postho", False),
    "empty": (b"", False),
}


@pytest.mark.parametrize(("data", "expected"), MENTIONS.values(), ids=MENTIONS)
def test_posthog_is_in_a_file(data: bytes, expected: bool) -> None:
    assert mentioned(data) is expected
