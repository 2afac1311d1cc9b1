"""What the core does with changes that a framework should not have asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixture_case import Case
from wizard import planning
from wizard.changes import Change, CreateFile, EditFile, Manual
from wizard.edits import Codemod
from wizard.errors import CannotEdit
from wizard.plan import Plan
from wizard.workspace import list_tree

PASTE = Manual("Do it", "x = 1")


def grows(text: str) -> str:
    return text + "# more\n"


def refuses_its_own(text: str) -> str:
    if "# ours" in text:
        raise CannotEdit("what is this?", 1)
    return text + "# ours\n"


def breaks(text: str) -> str:
    return text if text.endswith("(\n") else text + "(\n"


def unencodable(text: str) -> str:
    return text if "\ud800" in text else text + "# \ud800\n"


def imports_client(text: str) -> str:
    return text if "import client" in text else "import client\n" + text


def plan(root: Path, monkeypatch: pytest.MonkeyPatch, *changes: Change) -> Plan:
    def asked(project: object, answers: object) -> Iterator[Change]:
        yield from changes

    monkeypatch.setattr(planning, "load_plan", lambda framework: asked)
    case = Case("flask-module")
    return planning.make_plan([case.app(list_tree(root))], case.answers())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return Case("flask-module").copy(tmp_path)


@pytest.mark.parametrize(
    ("codemod", "reason"),
    [
        (grows, "would not be recognized"),
        (refuses_its_own, "would not be recognized"),
        (breaks, "would not parse"),
        (unencodable, ""),
    ],
)
def test_an_edit_that_is_not_sound_is_left_to_the_user(
    root: Path, monkeypatch: pytest.MonkeyPatch, codemod: Codemod, reason: str
) -> None:
    found = plan(root, monkeypatch, EditFile("app.py", (codemod,), "why", PASTE))
    assert found.files == ()
    assert [(m.body, m.where.partition(":")[0]) for m in found.manual] == [("x = 1", "app.py")]
    assert reason in found.manual[0].title


@pytest.mark.parametrize(("path", "reason"), [("APP.py", "some systems take it for app.py"), ("../x.py", "outside")])
def test_a_file_that_must_not_be_made_is_left_to_the_user(
    root: Path, monkeypatch: pytest.MonkeyPatch, path: str, reason: str
) -> None:
    found = plan(root, monkeypatch, CreateFile(path, "x = 1\n", "why"))
    assert found.files == ()
    assert reason in found.manual[0].title


def test_what_needs_a_file_that_is_left_to_the_user_is_left_too(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "client.py").write_text("theirs = 1\n")
    made = CreateFile("client.py", "x = 1\n", "why", PASTE)
    edit = EditFile("app.py", (imports_client,), "why", PASTE, needs=("client.py",))
    found = plan(root, monkeypatch, made, edit)
    assert found.files == ()
    assert [m.where for m in found.manual] == ["client.py", "app.py"]
    assert "needs client.py, which is left to you" in found.manual[1].title
