"""What `detect --json` says of whole repositories: every kind of workspace, mixed languages, odd versions.

`fixtures/detect-*/project` is the repository, `expected.json` the whole answer. `UPDATE_FIXTURES=1` writes it anew.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.fixture_case import FOLDER, run_git
from wizard.cli import main

CASES = sorted(path for path in FOLDER.glob("detect-*") if path.is_dir())


@pytest.mark.parametrize("case", CASES, ids=[path.name for path in CASES])
def test_detect(case: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "repo"
    shutil.copytree(case / "project", root)
    main(["detect", "--json", str(root)])
    found = json.loads(capfd.readouterr().out)
    assert found.pop("root") == str(root)
    expected = case / "expected.json"
    if os.environ.get("UPDATE_FIXTURES"):
        expected.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    assert found == json.loads(expected.read_text(encoding="utf-8"))
    run_git(root, "init", "-q")
    main(["detect", "--json", str(root)])
    with_git = json.loads(capfd.readouterr().out)
    assert with_git.pop("root") == str(root)
    assert with_git == found, "git lists the tree as the walk does"
