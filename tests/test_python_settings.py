"""Settings read in the file's own way: assignments, pydantic fields, lines below them."""

from __future__ import annotations

import pytest

from tests.laws import check, check_keeps, check_refuses
from wizard.codemods.python.env_reader import reads_environment
from wizard.codemods.python.module_lines import ensure_assignment, ensure_below_assignments
from wizard.codemods.python.settings import (
    Setting,
    ensure_assignments,
    ensure_settings_fields,
    has_settings_class,
    settings_field,
    settings_object,
)
from wizard.edits import Codemod
from wizard.errors import CannotEdit

TOKEN = Setting("TOKEN", "POSTHOG_TOKEN")
HOST = Setting("HOST", "POSTHOG_HOST", "https://us.i.posthog.com")
ONE = ensure_assignments([TOKEN])
BOTH = ensure_assignments([TOKEN, HOST], heading="PostHog")
FIELDS = ensure_settings_fields(
    [Setting("posthog_token", "POSTHOG_TOKEN"), Setting("posthog_host", "POSTHOG_HOST", "h")]
)
USES = ensure_below_assignments("posthog.api_key = TOKEN\nposthog.host = HOST", "TOKEN", "HOST", marker="api_key")
MODEL = "from pydantic_settings import BaseSettings\n\n\n"
CONFIGURATION = 'model_config = SettingsConfigDict(env_file="../.env", extra="ignore")\n'

CHANGES: dict[str, tuple[Codemod, str, str]] = {
    "no_reader_yet": (
        ONE,
        "from pathlib import Path\n\nBASE_DIR = Path(__file__)\nSTATIC_URL = 'static/'\n",
        "import os\nfrom pathlib import Path\n\nBASE_DIR = Path(__file__)\nSTATIC_URL = 'static/'\n\n"
        "TOKEN = os.environ.get('POSTHOG_TOKEN', '')\n",
    ),
    "empty_file": (ONE, "", 'import os\n\nTOKEN = os.environ.get("POSTHOG_TOKEN", "")\n'),
    "heading": (
        BOTH,
        "import os\n\nDEBUG = True",
        'import os\n\nDEBUG = True\n\n# PostHog\nTOKEN = os.environ.get("POSTHOG_TOKEN", "")\n'
        'HOST = os.environ.get("POSTHOG_HOST", "https://us.i.posthog.com")\n',
    ),
    "below_the_last_read": (
        ONE,
        'import os\n\nKEY = os.environ["KEY"]\n\nLIST = ["a"]\nPATHS = {"a": os.environ.get("A")}\n',
        'import os\n\nKEY = os.environ["KEY"]\nTOKEN = os.environ.get("POSTHOG_TOKEN", "")\n\n'
        'LIST = ["a"]\nPATHS = {"a": os.environ.get("A")}\n',
    ),
    "below_the_last_read_with_heading": (
        BOTH,
        'import os\n\n# debug\nDEBUG = bool(int(os.environ.get("DEBUG", 0)))  # off\n\n# urls\nURL = "/"\n',
        'import os\n\n# debug\nDEBUG = bool(int(os.environ.get("DEBUG", 0)))  # off\n\n'
        '# PostHog\nTOKEN = os.environ.get("POSTHOG_TOKEN", "")\n'
        'HOST = os.environ.get("POSTHOG_HOST", "https://us.i.posthog.com")\n\n# urls\nURL = "/"\n',
    ),
    "heading_does_not_part_a_paragraph": (
        BOTH,
        'import os\n\nACCOUNT = os.environ["ACCOUNT"]\n# see the manual\nLOGIN = {"x"}\n\n# Your stuff...\n',
        'import os\n\nACCOUNT = os.environ["ACCOUNT"]\n# see the manual\nLOGIN = {"x"}\n\n# Your stuff...\n\n'
        '# PostHog\nTOKEN = os.environ.get("POSTHOG_TOKEN", "")\n'
        'HOST = os.environ.get("POSTHOG_HOST", "https://us.i.posthog.com")\n',
    ),
    "at_the_end_below_a_function": (
        ONE,
        "import os\n\n\ndef f():\n    return 'a'\n",
        "import os\n\n\ndef f():\n    return 'a'\n\n\nTOKEN = os.environ.get('POSTHOG_TOKEN', '')\n",
    ),
    "getenv": (
        ONE,
        "import os\n\nKEY = os.getenv('KEY')\n",
        "import os\n\nKEY = os.getenv('KEY')\nTOKEN = os.getenv('POSTHOG_TOKEN', '')\n",
    ),
    "getenv_by_name": (
        ONE,
        "from os import getenv\n\nKEY = getenv('KEY')\n",
        "from os import getenv\n\nKEY = getenv('KEY')\nTOKEN = getenv('POSTHOG_TOKEN', '')\n",
    ),
    "environ_by_name": (
        ONE,
        "from os import environ\n\nKEY = environ['KEY']\n",
        "from os import environ\n\nKEY = environ['KEY']\nTOKEN = environ.get('POSTHOG_TOKEN', '')\n",
    ),
    "os_alias": (
        ONE,
        "import os as o\n\nX = 'a'\n",
        "import os as o\n\nX = 'a'\n\nTOKEN = o.environ.get('POSTHOG_TOKEN', '')\n",
    ),
    "django_environ": (
        BOTH,
        '"""Base settings."""\n\nfrom pathlib import Path\n\nimport environ\n\nBASE_DIR = Path(__file__)\n'
        'env = environ.Env()\n\nREAD = env.bool("READ_DOT_ENV", default=False)\nif READ:\n'
        '    env.read_env(str(BASE_DIR / ".env"))\n\nDEBUG = env.bool("DEBUG", False)\n'
        'DATABASES = {"default": env.db("URL")}\n'
        'ADMIN = env("ADMIN")\n\n# more\nX = 1\n',
        '"""Base settings."""\n\nfrom pathlib import Path\n\nimport environ\n\nBASE_DIR = Path(__file__)\n'
        'env = environ.Env()\n\nREAD = env.bool("READ_DOT_ENV", default=False)\nif READ:\n'
        '    env.read_env(str(BASE_DIR / ".env"))\n\nDEBUG = env.bool("DEBUG", False)\n'
        'DATABASES = {"default": env.db("URL")}\n'
        'ADMIN = env("ADMIN")\n\n# PostHog\nTOKEN = env("POSTHOG_TOKEN", default="")\n'
        'HOST = env("POSTHOG_HOST", default="https://us.i.posthog.com")\n\n# more\nX = 1\n',
    ),
    "env_file_loaded_after_the_last_read": (
        ONE,
        "from environ import Env\nenv = Env(DEBUG=(bool, False))\nR = env('R')\nenv.read_env('.env')\nX = 1\n",
        "from environ import Env\nenv = Env(DEBUG=(bool, False))\nR = env('R')\nenv.read_env('.env')\nX = 1\n\n"
        "TOKEN = env('POSTHOG_TOKEN', default='')\n",
    ),
    "env_of_another_module": (
        ONE,
        "from config.env import env\n\nKEY = env('KEY')\n",
        "from config.env import env\n\nKEY = env('KEY')\nTOKEN = env('POSTHOG_TOKEN', default='')\n",
    ),
    "config_of_another_module": (
        ONE,
        "from server.settings.components import config\n\nKEY = config('KEY')\n",
        "from server.settings.components import config\n\nKEY = config('KEY')\n"
        "TOKEN = config('POSTHOG_TOKEN', default='')\n",
    ),
    "config_that_is_no_reader": (
        ONE,
        "import os\n\nfrom app import config\n\nKEY = config(level=1)\n",
        'import os\n\nfrom app import config\n\nKEY = config(level=1)\n\nTOKEN = os.environ.get("POSTHOG_TOKEN", "")\n',
    ),
    "at_the_end_on_request": (
        ensure_assignments([TOKEN], heading="PostHog", at_end=True),
        "from os import environ\n\nKEY = environ['KEY']\nOTHER = 1\n",
        "from os import environ\n\nKEY = environ['KEY']\nOTHER = 1\n\n"
        "# PostHog\nTOKEN = environ.get('POSTHOG_TOKEN', '')\n",
    ),
    "environs": (
        ONE,
        'from environs import Env\n\nenv = Env()\nenv.read_env()\nKEY = env.str("KEY")\n',
        'from environs import Env\n\nenv = Env()\nenv.read_env()\nKEY = env.str("KEY")\n'
        'TOKEN = env("POSTHOG_TOKEN", default="")\n',
    ),
    "decouple": (
        ONE,
        "from decouple import config, Csv\n\nKEY = config('KEY')\nHOSTS = config('HOSTS', cast=Csv())\n",
        "from decouple import config, Csv\n\nKEY = config('KEY')\nHOSTS = config('HOSTS', cast=Csv())\n"
        "TOKEN = config('POSTHOG_TOKEN', default='')\n",
    ),
    "starlette_config": (
        ONE,
        'from starlette.config import Config\n\nconfig = Config(".env")\nKEY = config("KEY")\n',
        'from starlette.config import Config\n\nconfig = Config(".env")\nKEY = config("KEY")\n'
        'TOKEN = config("POSTHOG_TOKEN", default="")\n',
    ),
    "only_the_missing_one": (
        BOTH,
        "import os\n\nTOKEN = 'x'\n",
        "import os\n\nTOKEN = 'x'\n\n# PostHog\nHOST = os.environ.get('POSTHOG_HOST', 'https://us.i.posthog.com')\n",
    ),
    "above_local_overrides": (
        ONE,
        "import os\n\nX = 'a'\n\n# local settings win\ntry:\n    from .local import *\nexcept ImportError:\n    pass\n",
        "import os\n\nX = 'a'\n\nTOKEN = os.environ.get('POSTHOG_TOKEN', '')\n\n"
        "# local settings win\ntry:\n    from .local import *\nexcept ImportError:\n    pass\n",
    ),
    "behind_the_base_of_a_leaf": (
        ONE,
        "import os\n\nfrom .base import *\n",
        'import os\n\nfrom .base import *\n\nTOKEN = os.environ.get("POSTHOG_TOKEN", "")\n',
    ),
    "only_a_comment_names_it": (
        ONE,
        "import os\n# TOKEN = 1\n",
        'import os\n# TOKEN = 1\n\nTOKEN = os.environ.get("POSTHOG_TOKEN", "")\n',
    ),
    "fields_lower_case": (
        FIELDS,
        MODEL + 'class Settings(BaseSettings):\n    app_name: str = "x"\n    debug: bool = False\n\n'
        "    def url(self):\n        return 1\n",
        MODEL + 'class Settings(BaseSettings):\n    app_name: str = "x"\n    debug: bool = False\n'
        '    posthog_token: str = ""\n'
        '    posthog_host: str = "h"\n\n    def url(self):\n        return 1\n',
    ),
    "fields_upper_case": (
        FIELDS,
        MODEL + f"class Settings(BaseSettings):\n    {CONFIGURATION}    API_V1: str = '/v1'\n"
        f"    DSN: HttpUrl | None = None\n\n"
        "    @property\n    def x(self) -> str:\n        return ''\n\n    USER: EmailStr  # admin\n\n\n"
        "settings = Settings()\n",
        MODEL + f"class Settings(BaseSettings):\n    {CONFIGURATION}    API_V1: str = '/v1'\n"
        f"    DSN: HttpUrl | None = None\n\n"
        "    @property\n    def x(self) -> str:\n        return ''\n\n    USER: EmailStr  # admin\n"
        '    POSTHOG_TOKEN: str = ""\n    POSTHOG_HOST: str = "h"\n\n\nsettings = Settings()\n',
    ),
    "fields_case_sensitive": (
        FIELDS,
        MODEL
        + "class Settings(BaseSettings):\n    model_config = SettingsConfigDict(case_sensitive=True)\n    a: str\n",
        MODEL
        + "class Settings(BaseSettings):\n    model_config = SettingsConfigDict(case_sensitive=True)\n    a: str\n"
        '    POSTHOG_TOKEN: str = ""\n    POSTHOG_HOST: str = "h"\n',
    ),
    "fields_case_sensitive_the_old_way": (
        FIELDS,
        MODEL + "class Settings(BaseSettings):\n    a: str\n\n    class Config:\n        case_sensitive = True\n",
        MODEL + 'class Settings(BaseSettings):\n    a: str\n    POSTHOG_TOKEN: str = ""\n'
        '    POSTHOG_HOST: str = "h"\n\n    class Config:\n        case_sensitive = True\n',
    ),
    "fields_one_missing": (
        FIELDS,
        MODEL + "class Settings(BaseSettings):\n    POSTHOG_TOKEN: str\n",
        MODEL + 'class Settings(BaseSettings):\n    POSTHOG_TOKEN: str\n    POSTHOG_HOST: str = "h"\n',
    ),
    "fields_below_a_docstring": (
        FIELDS,
        MODEL + 'class Settings(BaseSettings):\n    """From the environment."""\n',
        MODEL + 'class Settings(BaseSettings):\n    """From the environment."""\n    posthog_token: str = ""\n'
        '    posthog_host: str = "h"\n',
    ),
    "assignment_below_assignments": (
        ensure_assignment("posthog_integration", "PosthogFlaskIntegration(client=client)"),
        "from x import SQLAlchemy\n\ndb = SQLAlchemy()\n\n\ndef f():\n    a = 1\n",
        "from x import SQLAlchemy\n\ndb = SQLAlchemy()\n"
        "posthog_integration = PosthogFlaskIntegration(client=client)\n\n\n"
        "def f():\n    a = 1\n",
    ),
    "assignment_below_imports": (ensure_assignment("x", "1"), "import os\n", "import os\n\nx = 1\n"),
    "assignment_in_empty_file": (ensure_assignment("x", "1"), "", "x = 1\n"),
    "lines_below_assignments": (
        USES,
        "import posthog\n\nTOKEN = 1\nHOST = 2\nOTHER = 3\n",
        "import posthog\n\nTOKEN = 1\nHOST = 2\n\nposthog.api_key = TOKEN\nposthog.host = HOST\n\nOTHER = 3\n",
    ),
}

CHANGES |= {
    "above_the_last_words_of_the_file": (
        ensure_assignments([TOKEN], heading="PostHog", at_end=True),
        "import os\n\nA = 1\nif A:\n    print(A)\n# Don't add settings below this line\n",
        'import os\n\nA = 1\nif A:\n    print(A)\n\n# PostHog\nTOKEN = os.environ.get("POSTHOG_TOKEN", "")\n\n'
        "# Don't add settings below this line\n",
    ),
    "below_a_comment_that_says_nothing": (
        ensure_assignments([TOKEN], heading="PostHog", at_end=True),
        "import os\n\nA = 1\n# the end\n",
        'import os\n\nA = 1\n# the end\n\n# PostHog\nTOKEN = os.environ.get("POSTHOG_TOKEN", "")\n',
    ),
    "fields_that_read_with_decouple": (
        FIELDS,
        f"from decouple import config\n{MODEL}class S(BaseSettings):\n    A: str = config('A')\n",
        f"from decouple import config\n{MODEL}class S(BaseSettings):\n    A: str = config('A')\n"
        "    POSTHOG_TOKEN: str = config('POSTHOG_TOKEN', default='')\n"
        "    POSTHOG_HOST: str = config('POSTHOG_HOST', default='h')\n",
    ),
    "one_field_of_many_reads_with_decouple": (
        FIELDS,
        f"from decouple import config\n{MODEL}class S(BaseSettings):\n    a: str = config('A')\n    b: int = 1\n",
        f"from decouple import config\n{MODEL}class S(BaseSettings):\n    a: str = config('A')\n    b: int = 1\n"
        "    posthog_token: str = ''\n    posthog_host: str = 'h'\n",
    ),
}

KEEPS: dict[str, tuple[Codemod, str]] = {
    "both_there": (BOTH, "TOKEN = 1\nHOST: str = 2\n"),
    "there_under_a_condition": (ONE, "if DEBUG:\n    TOKEN = ''\nelse:\n    TOKEN = 'x'\n"),
    "imported": (ONE, "from .posthog import TOKEN\n"),
    "fields_there": (
        FIELDS,
        MODEL + "class Settings(BaseSettings):\n    POSTHOG_TOKEN: str\n    posthog_host: str = ''\n",
    ),
    "assignment_there": (ensure_assignment("x", "1"), "try:\n    x = 2\nexcept E:\n    raise\n"),
    "lines_there": (USES, "import posthog\nTOKEN = 1\nposthog.api_key = TOKEN\n"),
}

REFUSES: dict[str, tuple[Codemod, str, str, int | None]] = {
    "os_is_taken": (ONE, "os = 'linux'\n", "uses the name os", 1),
    "os_is_taken_after_its_import": (ONE, "import os\n\nfrom app import os\n", "given to something else", None),
    "pydantic": (ONE, MODEL + "class Settings(BaseSettings):\n    a: str\n", "pydantic class Settings", 4),
    "fields_no_class": (FIELDS, "class Settings:\n    a: str\n", "no pydantic", None),
    "fields_plain_model": (
        FIELDS,
        "from pydantic import BaseModel\nclass S(BaseModel):\n    a: str\n",
        "no pydantic",
        None,
    ),
    "fields_two_classes": (
        FIELDS,
        MODEL + "class A(BaseSettings):\n    a: str\n\n\nclass B(A):\n    b: str\n",
        "2 pydantic settings classes",
        8,
    ),
    "fields_prefix": (
        FIELDS,
        MODEL + 'class A(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix="APP_")\n    a: str\n',
        "prefix",
        5,
    ),
    "fields_prefix_argument": (FIELDS, MODEL + "class A(BaseSettings, env_prefix='A_'):\n    a: str\n", "prefix", 4),
    "fields_old_prefix": (
        FIELDS,
        "from pydantic import BaseSettings\n\n\nclass A(BaseSettings):\n    a: str\n\n    class Config:\n"
        "        env_prefix = 'APP_'\n",
        "prefix",
        7,
    ),
    "fields_one_line": (FIELDS, MODEL + "class A(BaseSettings): a: str = ''\n", "on one line", 4),
    "fields_none": (FIELDS, MODEL + "class A(BaseSettings):\n    pass\n", "no field", 4),
    "lines_without_assignment": (USES, "import posthog\nif X:\n    TOKEN = 1\n", "does not assign TOKEN", None),
    "syntax_error": (BOTH, "TOKEN =\n", "does not parse", 1),
}


@pytest.mark.parametrize(("codemod", "before", "after"), CHANGES.values(), ids=CHANGES)
def test_changes(codemod: Codemod, before: str, after: str) -> None:
    check(codemod, before, after)
    compile(after, "after.py", "exec")


@pytest.mark.parametrize(("codemod", "text"), KEEPS.values(), ids=KEEPS)
def test_keeps(codemod: Codemod, text: str) -> None:
    check_keeps(codemod, text)


@pytest.mark.parametrize(("codemod", "text", "reason", "line"), REFUSES.values(), ids=REFUSES)
def test_refuses(codemod: Codemod, text: str, reason: str, line: int | None) -> None:
    check_refuses(codemod, text, reason, line)


@pytest.mark.parametrize(
    ("body", "field", "user"),
    [
        ("class S(BaseSettings):\n    A: str\n\n\nsettings = S()\n", "POSTHOG_TOKEN", "settings"),
        (
            "class S(BaseSettings):\n    a: str\n\n\ndef get_settings() -> S:\n    return S()\n",
            "posthog_token",
            "get_settings()",
        ),
        ("class S(BaseSettings):\n    a: str\n    Posthog_Token: str\n", "Posthog_Token", None),
    ],
)
def test_settings_class_is_read(body: str, field: str, user: str | None) -> None:
    text = MODEL + body
    assert has_settings_class(text)
    assert settings_field(text, "posthog_token") == field
    assert settings_object(text) == user


def test_settings_class_of_another_kind() -> None:
    assert not has_settings_class("class BaseSettings:\n    pass\n\n\nclass S(BaseSettings):\n    a: str\n")
    with pytest.raises(CannotEdit):
        settings_field("x = 1\n", "a")


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("import os\nX = os.environ['X']\n", True),
        ("from dotenv import load_dotenv\nload_dotenv()\n", True),
        ("import os\nX = os.path.join('a')\n", False),
        ("X = '.env'\n", False),
    ],
)
def test_reads_environment(text: str, reads: bool) -> None:
    assert reads_environment(text) is reads
