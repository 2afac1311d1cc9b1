"""Settings in a class of django-configurations."""

from __future__ import annotations

import pytest

from tests.laws import check, check_keeps, check_refuses
from wizard.codemods.python.class_attributes import ensure_attributes, ensure_environment_attributes
from wizard.codemods.python.settings import Setting
from wizard.edits import Codemod

SWITCH = ensure_attributes("Common", [("SWITCH", "False")])
TOKEN = ensure_environment_attributes("Common", [Setting("TOKEN", "TOKEN")], "PostHog")
RENAMED = ensure_environment_attributes("Common", [Setting("TOKEN", "OTHER_TOKEN")])
VALUES = "from configurations import Configuration, values\n\n\n"

CHANGES: dict[str, tuple[Codemod, str, str]] = {
    "below_the_last_attribute": (
        SWITCH,
        "class Common:\n    A = 1\n\n    def f(self):\n        pass\n",
        "class Common:\n    A = 1\n    SWITCH = False\n\n    def f(self):\n        pass\n",
    ),
    "right_class": (
        SWITCH,
        "class Common:\n    A = 1\n\n\nclass Dev(Common):\n    SWITCH = True\n",
        "class Common:\n    A = 1\n    SWITCH = False\n\n\nclass Dev(Common):\n    SWITCH = True\n",
    ),
    "values": (
        TOKEN,
        VALUES + "class Common(Configuration):\n    A = values.Value('x')\n",
        VALUES + "class Common(Configuration):\n    A = values.Value('x')\n\n    # PostHog\n"
        "    TOKEN = values.Value('', environ_prefix=None)\n",
    ),
    "no_values": (
        TOKEN,
        "class Common:\n\tA = 1\n",
        'import os\n\nclass Common:\n\tA = 1\n\n\t# PostHog\n\tTOKEN = os.environ.get("TOKEN", "")\n',
    ),
    "variable_of_another_name": (
        RENAMED,
        "import os\n" + VALUES + 'class Common(Configuration):\n    A = "x"\n',
        "import os\n" + VALUES + 'class Common(Configuration):\n    A = "x"\n'
        '    TOKEN = os.environ.get("OTHER_TOKEN", "")\n',
    ),
}
KEEPS: dict[str, tuple[Codemod, str]] = {
    "there": (SWITCH, "class Common:\n    SWITCH = True\n"),
    "annotated": (SWITCH, "class Common:\n    SWITCH: bool = True\n"),
    "read_in_another_way": (TOKEN, VALUES + "class Common(Configuration):\n    TOKEN = values.SecretValue()\n"),
}
REFUSES: dict[str, tuple[Codemod, str, str, int | None]] = {
    "no_class": (SWITCH, "A = 1\n", "no class Common", None),
    "two_classes": (SWITCH, "class Common:\n    A = 1\n\n\nclass Common:\n    A = 1\n", "has 2 class", None),
    "no_attribute": (SWITCH, "class Common:\n    def f(self):\n        pass\n", "no attribute", 1),
    "no_attribute_and_no_import": (TOKEN, "class Common:\n    def f(self):\n        pass\n", "no attribute", 1),
    "one_line": (TOKEN, "class Common: A = 1\n", "one line", 1),
}


@pytest.mark.parametrize(("codemod", "before", "after"), CHANGES.values(), ids=CHANGES)
def test_changes(codemod: Codemod, before: str, after: str) -> None:
    check(codemod, before, after)


@pytest.mark.parametrize(("codemod", "text"), KEEPS.values(), ids=KEEPS)
def test_keeps(codemod: Codemod, text: str) -> None:
    check_keeps(codemod, text)


@pytest.mark.parametrize(("codemod", "text", "reason", "line"), REFUSES.values(), ids=REFUSES)
def test_refuses(codemod: Codemod, text: str, reason: str, line: int | None) -> None:
    check_refuses(codemod, text, reason, line)
