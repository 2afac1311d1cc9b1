"""What can go wrong around a run: each case is said in words, ends in its exit code, and loses nothing."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from tests.fake_posthog import HTML, FakePostHog, closed_port
from tests.fixture_case import TOKEN, Case, run_git, snapshot
from tests.in_process import process, report, wizard
from wizard.shelves import lock

GIVEN = ("--ci", "--token", TOKEN, "--region", "us", "--no-verify")


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return Case("astro-basics").copy(tmp_path)


def stub(folder: Path, name: str, script: str) -> dict[str, str]:
    """An executable of that name, alone on PATH but for git."""
    folder.mkdir()
    program = folder / name
    program.write_text(f"#!{sys.executable}\n{script}\n")
    program.chmod(0o755)
    git = next(Path(p) / "git" for p in os.environ["PATH"].split(os.pathsep) if (Path(p) / "git").exists())
    (folder / "git").symlink_to(git)
    return {"PATH": str(folder)}


def test_a_read_only_file_is_refused(app: Path) -> None:
    layout = app / "src/layouts/Layout.astro"
    layout.chmod(0o444)
    before = snapshot(app)
    done = wizard(app, *GIVEN, "--no-install")
    assert done.returncode == 1, done.stderr
    assert "src/layouts/Layout.astro" in done.stderr
    assert snapshot(app) == before
    assert not layout.stat().st_mode & stat.S_IWUSR


def test_a_file_behind_a_link_that_leads_outside_is_left_to_the_user(app: Path, tmp_path: Path) -> None:
    layout, outside = app / "src/layouts/Layout.astro", tmp_path / "dotfiles.astro"
    layout.rename(outside)
    layout.symlink_to(outside)
    run_git(app, "add", "-A")
    run_git(app, "commit", "-qm", "link")
    theirs = outside.read_bytes()
    done = wizard(app, *GIVEN, "--no-install")
    assert done.returncode == 3, done.stderr
    assert "it lies outside of this directory) [src/layouts/Layout.astro]" in " ".join(done.stderr.split())
    assert layout.readlink() == outside
    assert outside.read_bytes() == theirs


def test_a_link_inside_stays_a_link(app: Path) -> None:
    layout, real = app / "src/layouts/Layout.astro", app / "src/layouts/real.txt"
    layout.rename(real)
    layout.symlink_to("real.txt")
    run_git(app, "add", "-A")
    run_git(app, "commit", "-qm", "link")
    done = wizard(app, *GIVEN, "--no-install")
    assert done.returncode == 3, done.stderr
    assert layout.is_symlink()
    assert "<PostHog />" in real.read_text()


def test_a_byte_order_mark_stays(app: Path) -> None:
    manifest = app / "package.json"
    manifest.write_bytes(b"\xef\xbb\xbf" + manifest.read_bytes())
    run_git(app, "commit", "-qam", "bom")
    assert wizard(app, *GIVEN, "--no-install").returncode == 3
    assert manifest.read_bytes().startswith(b"\xef\xbb\xbf{")
    assert b"posthog-js" in manifest.read_bytes()


def test_a_package_manager_that_is_not_there(app: Path, tmp_path: Path) -> None:
    before = snapshot(app)
    done = wizard(app, *GIVEN, env=stub(tmp_path / "bin", "other", ""))
    assert done.returncode == 1, done.stderr
    assert "npm is not installed" in done.stderr
    assert snapshot(app) == before


def test_a_package_manager_that_fails(app: Path, tmp_path: Path) -> None:
    script = "import sys; print('npm error code ETARGET');"
    script += "print('npm error notarget No matching version found for posthog-js@^1.434.0.'); sys.exit(1)"
    done = wizard(app, *GIVEN, env=stub(tmp_path / "bin", "npm", script))
    assert done.returncode == 3, done.stderr
    assert "posthog-js" in done.stderr
    assert "run npm install" in done.stderr
    assert "posthog-js" in (app / "package.json").read_text(), "the edits stay"
    found = report(wizard(app, *GIVEN, "--json", "--check"))
    assert found["status"] == "unchanged"


def test_an_unreachable_host_is_not_confirmed(app: Path) -> None:
    done = wizard("verify", app, "--ci", "--token", TOKEN, "--host", f"http://127.0.0.1:{closed_port()}")
    assert done.returncode == 4, done.stderr
    assert "Token and host" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_proxy_that_answers_with_a_page(app: Path) -> None:
    with FakePostHog(canned={"/": HTML}) as fake:
        done = wizard("verify", app, "--ci", "--token", TOKEN, "--host", fake.url)
    assert done.returncode == 4, done.stderr
    assert "passed" not in done.stderr


def test_two_wizards_at_once(app: Path) -> None:
    before = snapshot(app)
    with lock(app.resolve()):
        done = process(app, *GIVEN, "--no-install")
    assert done.returncode == 1, done.stderr
    assert "another posthog-wizard" in done.stderr
    assert snapshot(app) == before


def test_a_path_with_spaces_and_other_alphabets(tmp_path: Path) -> None:
    (tmp_path / "mein Stra\u00dfen \u4e2d app").mkdir()
    app = Case("astro-basics").copy(tmp_path / "mein Stra\u00dfen \u4e2d app")
    before = snapshot(app)
    assert wizard(app, *GIVEN, "--no-install").returncode == 3
    assert wizard("undo", app, "--ci").returncode == 0
    assert snapshot(app) == before


def test_an_app_below_the_repository_root(tmp_path: Path) -> None:
    root = Case("astro-basics").copy(tmp_path)
    below = root / "sites/blog"
    below.parent.mkdir()
    for name in ("package.json", "astro.config.mjs", "tsconfig.json", "src"):
        below.mkdir(exist_ok=True)
        (root / name).rename(below / name)
    run_git(root, "add", "-A")
    run_git(root, "commit", "-qm", "move")
    found = report(wizard("detect", root, "--json"))
    assert [a["path"] for a in found["apps"]] == ["sites/blog"]
    done = wizard(root, *GIVEN, "--no-install")
    assert done.returncode == 3, done.stderr
    assert (below / "src/components/posthog.astro").exists()
    assert not (root / "src").exists()
