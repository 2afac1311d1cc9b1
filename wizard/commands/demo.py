"""`demo`: the real pipeline on a bundled app, with no account: set up, start, see its event, undo."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from wizard import programs
from wizard.answers import OPTIONS
from wizard.commands.setup import Settings, setup
from wizard.commands.undo import undo
from wizard.console import Console
from wizard.emits import emits
from wizard.errors import Exit, WizardError
from wizard.registry import load_launch
from wizard.sink import Sink
from wizard.workspace import candidates, list_tree

_APP = Path(__file__).resolve().parents[2] / "fixtures" / "flask-demo" / "project"
_TOKEN = "phc_demo"
_PORT = 8011


def demo() -> int:
    """Run it all in a temporary directory; exit 4 when the event did not arrive."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="posthog-wizard-demo-") as folder:
        app = Path(folder) / "fruit-shop"
        shutil.copytree(_APP, app)
        console.head("1. A small Flask app")
        console.raw(f"copied to {app}")
        before = _content(app)
        _make_environment(app, console)
        console.head("2. posthog-wizard on it, with a stand-in for PostHog on this machine")
        with Sink() as sink:
            code = setup(_settings(app, sink.url))
        if code:
            return code
        console.head("3. The app, really started, visited where it has a bug")
        seen = _visit(app, console)
        console.head("4. And back again")
        undo(app, dry_run=False, list_only=False, ci=True, as_json=False)
        same = _content(app) == before
        console.say("Every byte is as it was." if same else "The directory is NOT as it was.", "bold")
        if not seen or not same:
            return Exit.UNVERIFIED
        console.raw("Now in the directory of your own app: uvx posthog-wizard")
        return Exit.OK


def _make_environment(app: Path, console: Console) -> None:
    with console.waiting("making a virtual environment for it (a few seconds)"):
        done = subprocess.run(
            [sys.executable, "-m", "venv", ".venv"],
            cwd=app,
            env=programs.variables(),
            capture_output=True,
            text=True,
        )
    if done.returncode != 0:
        raise WizardError(
            "cannot make a virtual environment for the demo", (done.stdout + done.stderr).strip().splitlines()[-1]
        )


def _settings(app: Path, host: str) -> Settings:
    options = dict.fromkeys(OPTIONS)
    settings = Settings(
        **options,
        directory=app,
        dry_run=False,
        check=False,
        ci=True,
        token=_TOKEN,
        region=None,
        host=host,
        framework=None,
        target=(),
        all_apps=False,
        for_app=(),
        no_token=False,
        project_id=None,
        dashboard=False,
        switch_on=(),
        package_manager=None,
        out=None,
        only=(),
        skip=(),
        reconsider=False,
        offline=False,
        sdk_version=(),
        replace_token=False,
        no_install=False,
        no_verify=True,
        allow_dirty=False,
        as_json=False,
        debug=False,
    )
    settings.run = replace(settings.run, hints=False)
    return settings


def _visit(app: Path, console: Console) -> bool:
    """Ask for a fruit that is not on the shelf: the view raises, and the SDK reports it."""
    project = candidates(list_tree(app))[0]
    launch = load_launch("flask")(project, _PORT)
    launch = replace(launch, url=f"http://127.0.0.1:{_PORT}/buy/plum")
    names = ("POSTHOG_PROJECT_TOKEN", "POSTHOG_HOST")
    seen = emits(app, launch, "server", {names[0]: _TOKEN}, host_variables=names[1:], say=console.progress)
    console.item("+" if seen.status == "passed" else "x", seen.reason)
    if seen.event:
        properties = seen.event.get("properties", {})
        shown = {"event": seen.event.get("event"), "distinct_id": seen.event.get("distinct_id")}
        shown |= {
            k: properties[k] for k in ("$lib", "$lib_version", "$current_url", "$exception_list") if k in properties
        }
        for key, value in shown.items():
            console.raw(f"      {key}: {_short(value)}")
    return seen.status == "passed"


def _short(value: object) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        value = f"{value[0].get('type')}: {value[0].get('value')}"
    text = str(value)
    return text if len(text) <= 100 else text[:97] + "..."


def _content(app: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(app)): p.read_bytes()
        for p in sorted(app.rglob("*"))
        if p.is_file() and not {".venv", "__pycache__"} & set(p.relative_to(app).parts)
    }
