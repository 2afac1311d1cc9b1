"""Detection on large trees, beside git, find and `@netlify/build-info`, in one run: `python .../detection.py`.

The fastest of several fresh processes, how many times `git ls-files` that is (`find`, where there is no git to ask),
the memory of the largest, and the apps that each one finds. npm installs build-info into a temporary directory; what
is not on this machine has no row.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.fixture_case import run_git  # noqa: E402

_ASKS_BUILD_INFO = """
import { Project } from '@netlify/build-info'
import { NodeFS } from '@netlify/build-info/node'
const files = new NodeFS()
files.cwd = process.argv[2]
const settings = await new Project(files, process.argv[2]).setEnvironment(process.env).getBuildSettings()
console.log(JSON.stringify([...new Set(settings.map((s) => `${s.packagePath || '.'} ${s.framework.id}`))].sort()))
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of the fastest process, megabytes of the largest, and what the last one printed."""

    seconds: float
    megabytes: float
    output: bytes


def monorepo(where: Path, files: int) -> Path:
    """A workspace of ten apps and ninety libraries with `files` source files, committed."""
    where.mkdir()
    (where / "package.json").write_text(json.dumps({"private": True, "workspaces": ["apps/*", "libs/*"]}))
    (where / "package-lock.json").write_text("{}")
    packages = [f"apps/web{i}" for i in range(10)] + [f"libs/lib{i}" for i in range(90)]
    for name in packages:
        is_app = name.startswith("apps/")
        root = where / name
        (root / "src").mkdir(parents=True)
        dependencies = {"react": "^19.0.0", "react-dom": "^19.0.0"} if is_app else {}
        manifest = {
            "name": name.replace("/", "-"),
            "dependencies": dependencies,
            "devDependencies": {"vite": "^7"} if is_app else {},
        }
        (root / "package.json").write_text(json.dumps(manifest))
        if is_app:
            (root / "index.html").write_text('<div id="root"></div><script type="module" src="/src/main.tsx"></script>')
            (root / "src/main.tsx").write_text("createRoot(document.getElementById('root')).render(<App />)\n")
        for i in range(files // len(packages)):
            folder = root / "src" / f"part{i % 10}"
            folder.mkdir(exist_ok=True)
            (folder / f"module{i}.ts").write_text(f"export const value{i} = {i};\n" * 20)
    run_git(where, "init", "-q")
    run_git(where, "add", "-A")
    run_git(where, "commit", "-qm", "start")
    return where


def measured(argv: list[str], cwd: Path, env: dict[str, str], rounds: int = 5) -> Measured:
    """Run a command several times. Memory is that of the process itself, not of those it starts."""
    seconds, kilobytes, output = [], [], b""
    for _ in range(rounds):
        with tempfile.TemporaryFile() as stdout:
            start = time.perf_counter()
            process = subprocess.Popen(argv, cwd=cwd, env=env, stdout=stdout, stdin=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            seconds.append(time.perf_counter() - start)
            process.returncode = os.waitstatus_to_exitcode(status)
            assert process.returncode == 0, argv
            kilobytes.append(usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1))
            stdout.seek(0)
            output = stdout.read()
    return Measured(min(seconds), max(kilobytes) / 1024, output)


def build_info(folder: Path) -> list[str] | None:
    """The command that asks `@netlify/build-info`, installed below `folder`; None without npm and node."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        return None
    folder.mkdir()
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    (folder / "ask.mjs").write_text(_ASKS_BUILD_INFO)
    call = [npm, "install", "--no-audit", "--no-fund", "--silent", "@netlify/build-info"]
    subprocess.run(call, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return [node, str(folder / "ask.mjs")]


def main(directories: list[str]) -> None:
    """Measure on generated trees, or on the repositories that are named, and print a table."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        # as installed: compiled once, wherever this runs
        env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        env |= {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": f"{folder}/compiled"}
        env["POSTHOG_WIZARD_STATE_DIR"] = f"{folder}/state"
        other = build_info(folder / "build-info")
        wizard = [sys.executable, "-m", "wizard", "detect", "--json"]
        find = shutil.which("find")
        trees = [Path(name).resolve() for name in directories]
        trees = trees or [monorepo(folder / f"mono{files}", files) for files in (10_000, 100_000)]
        print(f"{'':44} {'ms':>7} {'x':>7} {'MB':>5}  apps")
        for tree in trees:
            listing = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
            git = measured(listing, tree, env)
            _print(tree, "git ls-files", git, git, [f"{git.output.count(bytes(1))} files"])
            ours = measured([*wizard, str(tree)], ROOT, env)
            _print(tree, "detect --json", ours, git, _apps(ours))
            if other is not None:
                theirs = measured([*other, str(tree)], folder / "build-info", env, 3)
                _print(tree, "@netlify/build-info", theirs, git, json.loads(theirs.output))
            if find is not None:
                found = measured([find, ".", "-name", ".git", "-prune", "-o", "-type", "f", "-print0"], tree, env)
                _print(tree, "find", found, found, [f"{found.output.count(bytes(1))} files"])
                walked = measured([*wizard, str(tree)], ROOT, env | {"PATH": str(folder / "no-programs")})
                _print(tree, "detect --json, no git", walked, found, _apps(walked))


def _apps(ours: Measured) -> list[str]:
    return [f"{app['path']} {app['framework']}" for app in json.loads(ours.output)["apps"]]


def _print(tree: Path, name: str, one: Measured, beside: Measured, found: list[str]) -> None:
    label, ratio = f"{tree.name[:20]}: {name}", one.seconds / beside.seconds
    print(f"{label:44} {one.seconds * 1000:7.0f} {ratio:7.1f} {one.megabytes:5.0f}  {', '.join(found)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
