"""Apps that send to different projects: each is proven, shown on a dashboard and looked after with its own token."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fake_posthog import KEY, TOKEN, FakePostHog, complete
from tests.fixture_case import Case
from tests.in_process import wizard
from tests.test_dashboard import shop
from tests.test_targets import NAMES, QUIET, copied
from tests.test_verify_command import EVENT, Shown
from wizard.cli import main
from wizard.codemods import dotenv
from wizard.verify.verdicts import Waits

OTHER = "phc_" + "o" * 36


@dataclass(frozen=True)
class Two:
    """A directory with two apps, and where each sends."""

    root: Path
    api: FakePostHog
    shop: FakePostHog


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    """`api` has the token that its PostHog knows; what `shop` has, its own does not know."""
    monkeypatch.setattr("wizard.commands.verify.Waits", lambda: Waits(looks=(), sleep=lambda seconds: None))
    monkeypatch.setattr(
        "wizard.commands.verify.starter", lambda *args, **kwargs: lambda: Shown("passed", "it sent one", EVENT, True)
    )
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "300")
    root = tmp_path / "repo"
    with ExitStack() as stack:
        one, other = stack.enter_context(complete()), stack.enter_context(complete())
        for app, fake, token in (("api", one, TOKEN), ("shop", other, OTHER)):
            shutil.copytree(Case("flask-module").folder / "project", root / app)
            name = NAMES["api"]
            (root / app / ".env").write_text(f"{name}_PROJECT_TOKEN={token}\n{name}_HOST={fake.url}\n")
        yield Two(root, one, other)


def test_each_is_proven_with_its_own_token(two: Two, capfd: pytest.CaptureFixture[str]) -> None:
    code = main(["verify", str(two.root), "--all", "--ci"])
    said = capfd.readouterr().err
    assert code == 4
    assert "api: Token and host: passed." in said
    assert "shop: Token and host: failed." in said
    assert "api, shop: The app's own code: passed." in said
    assert "Proven: token and host of api, the code of api, shop. Failed: token and host of shop." in said
    assert TOKEN in str([request.json for request in two.api.requests])
    assert TOKEN not in str([(request.path, request.json) for request in two.shop.requests])
    assert OTHER not in str([(request.path, request.json) for request in two.api.requests])


def test_what_looks_again_names_the_app_and_what_was_said_of_it(
    two: Two, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTHOG_WIZARD_PERSONAL_KEY", KEY)
    own = [word for app, fake in (("api", two.api), ("shop", two.shop)) for word in ("--for", f"{app}:host={fake.url}")]
    two.api.lag = two.shop.lag = 99
    main(["verify", str(two.root), "--all", "--ci", "--json", *own, "--for", f"shop:token={TOKEN}"])
    found = json.loads(capfd.readouterr().out)["verification"]
    [line] = [row["detail"]["next"] for row in found if row["path"] == "shop" and row["link"] == "readable"]
    assert f"--target shop --for shop:host={two.shop.url} --for shop:token={TOKEN} --resume " in line
    assert "api" not in line.removeprefix(f"posthog-wizard verify {two.root}")


def test_each_dashboard_is_made_in_its_own_project(
    two: Two, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTHOG_WIZARD_PERSONAL_KEY", KEY)
    for app in ("api", "shop"):
        shutil.rmtree(two.root / app)
        (two.root / app).mkdir()
        shop(two.root / app)
    own = [word for app, fake in (("api", two.api), ("shop", two.shop)) for word in ("--for", f"{app}:host={fake.url}")]
    main(
        [
            "dashboard",
            str(two.root),
            "--framework",
            "react-vite",
            "--target",
            "api",
            "--target",
            "shop",
            "--ci",
            "--json",
            *own,
            "--token",
            TOKEN,
        ]
    )
    made = json.loads(capfd.readouterr().out)["dashboards"]
    assert [(one["path"], one["status"]) for one in made] == [("api", "created"), ("shop", "created")]
    assert [one["url"].startswith(fake.url) for one, fake in zip(made, (two.api, two.shop), strict=True)] == [True] * 2


def test_doctor_asks_each_posthog_about_its_own_token(two: Two, capfd: pytest.CaptureFixture[str]) -> None:
    main(["doctor", str(two.root), "--all", "--ci", "--json", "--for", f"shop:token={TOKEN}"])
    found = {app["path"]: app for app in json.loads(capfd.readouterr().out)["apps"]}
    assert [one["id"] for one in found["shop"]["findings"] if one["id"] == "token_or_host"] == []
    assert OTHER not in str([(request.path, request.json) for request in two.shop.requests])


def test_a_number_for_each_app(tmp_path: Path) -> None:
    root = copied(tmp_path / "repo")
    with complete(tokens={TOKEN: 42, OTHER: 43}) as fake:
        env = {"POSTHOG_WIZARD_PERSONAL_KEY": KEY, "XDG_CONFIG_HOME": str(tmp_path / "config")}
        words = ("--project-id", "42", "--host", fake.url, "--for", "web:project-id=43")
        done = wizard(root, "--ci", "--all", *words, *QUIET, env=env)
        assert done.returncode == 3, done.stderr
        assert "--for web:token" in done.stderr.rpartition("The same again")[2]
    has = {app: list(dotenv.read(next((root / app).glob(".env*")).read_text()).values()) for app in NAMES}
    assert has == {"admin": [TOKEN, fake.url], "api": [TOKEN, fake.url], "web": [OTHER, fake.url]}


def test_a_set_up_is_proven_in_each_project(two: Two, capfd: pytest.CaptureFixture[str]) -> None:
    code = main([str(two.root), "--ci", "--all", "--no-install", "--json"])
    found = json.loads(capfd.readouterr().out)
    assert (code, found["status"]) == (3, "incomplete")
    links = [(row["path"], row["link"], row["status"]) for row in found["verification"] if row["link"] != "readable"]
    assert links == [
        *(("api", "token", "passed"), ("api", "app", "passed")),
        *(("shop", "token", "failed"), ("shop", "app", "passed")),
    ]
    assert main(["undo", str(two.root), "--ci", "--target", "shop"]) == 0
    capfd.readouterr()
    assert (two.root / "api/posthog_client.py").exists()
    assert not (two.root / "shop/posthog_client.py").exists()
