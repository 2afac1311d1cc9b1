"""The house keeps its shape: who may import what, and how large a module may grow."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted([*ROOT.glob("wizard/**/*.py"), *ROOT.glob("frameworks/**/*.py")])


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> frozenset[str]:
    """Dotted names that a module imports anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def importers(name: str) -> set[str]:
    """Modules that import `name` or something in it."""
    return {
        str(path.relative_to(ROOT))
        for path in MODULES
        if any(i == name or i.startswith(name + ".") for i in imports(path))
    }


def test_one_module_each_owns_the_console_and_the_prompts() -> None:
    assert importers("rich") == {"wizard/console.py"}
    assert importers("questionary") == {"wizard/prompts.py"}


def test_only_the_service_talks_to_the_network() -> None:
    assert all(p.startswith("wizard/posthog/") for p in importers("httpx"))


def test_frameworks_know_no_io_and_not_each_other() -> None:
    forbidden = ("wizard.console", "wizard.prompts", "wizard.apply", "wizard.journal", "wizard.commands", "wizard.cli")
    for path in ROOT.glob("frameworks/*/*.py"):
        own = f"frameworks.{path.parent.name}"
        for name in imports(path):
            assert not name.startswith(forbidden), f"{path} imports {name}"
            assert not name.startswith("frameworks.") or name.startswith(own), f"{path} imports {name}"


def test_codemods_know_no_paths_and_no_project() -> None:
    for path in ROOT.glob("wizard/codemods/**/*.py"):
        assert not imports(path) & {"wizard.project", "wizard.plan", "wizard.answers", "pathlib.Path"}, path


def test_slow_parts_of_libcst_are_never_imported() -> None:
    assert not importers("libcst.matchers") | importers("libcst.codemod")


def test_commands_alone_use_the_commands() -> None:
    for path in importers("wizard.commands"):
        assert path.startswith(("wizard/commands/", "wizard/arguments/")), path


def test_no_framework_is_named_in_the_core() -> None:
    ids = {p.name.replace("_", "-") for p in (ROOT / "frameworks").iterdir() if (p / "__init__.py").is_file()}
    for path in ROOT.glob("wizard/**/*.py"):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Compare):
                constants = {c.value for c in ast.walk(node) if isinstance(c, ast.Constant)}
                assert not constants & ids, f"{path}:{node.lineno} compares with a framework's id"


@pytest.mark.parametrize("path", MODULES, ids=[str(p.relative_to(ROOT)) for p in MODULES])
def test_modules_are_small_and_say_what_they_own(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    assert ast.get_docstring(parsed(path)), "one line saying what the module owns"


def test_help_and_detection_import_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"dependencies": {"express": "5"}}')
    script = (
        "import sys; from wizard.cli import main; main(['detect', '--json', sys.argv[1]]);"
        "heavy = {'httpx', 'libcst', 'questionary', 'tree_sitter', 'rich', 'tomlkit'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
