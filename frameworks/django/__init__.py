"""Django: a settings file, a settings package or django-configurations; manage.py up to three levels down."""

from frameworks.django.layout import manage_evidence, variant
from wizard.detect import Strength, any_of, pypi
from wizard.framework import Framework
from wizard.python_env import env_folder

FRAMEWORK = Framework(
    name="Django",
    language="python",
    runtime="server",
    package="django",
    docs="https://posthog.com/docs/libraries/django",
    supports="Django 3.2 and later, Python 3.10 and later",
    detect=any_of(pypi("django", strength=Strength.HINT), manage_evidence),
    supersedes=("python",),
    options=("error_tracking",),
    env_folder=env_folder,
    # its middleware captures the exceptions of views, whatever the client says
    emits=("$exception",),
    variant=variant,
)
