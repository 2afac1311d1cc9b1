"""Speed as ratios within one run: `python tests/benchmarks/run.py`. Run by hand; prints a table.

Each command is a fresh process, best of several. Yardsticks: `python -c pass`, and `git ls-files` on the same tree.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.fixture_case import TOKEN, Case, run_git  # noqa: E402


def best(action: Callable[[], object], rounds: int = 7) -> float:
    """Seconds of the fastest of `rounds`."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def process(*argv: str, cwd: Path = ROOT, codes: tuple[int, ...] = (0,)) -> Callable[[], None]:
    """A command that must end in one of `codes`."""

    def run() -> None:
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, stdin=subprocess.DEVNULL)
        assert done.returncode in codes, done.stderr.decode()[-2000:]

    return run


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


def main() -> None:
    """Measure and print."""
    wizard = (sys.executable, "-m", "wizard")
    given = ("--token", TOKEN, "--region", "us")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["POSTHOG_WIZARD_STATE_DIR"] = f"{folder}/state"
        typical = Case("nextjs-app").copy(Path(folder))
        bare = best(process(sys.executable, "-c", "pass"))
        rows = [("python -c pass", bare, 1.0)]
        rows.append(("--help", t := best(process(*wizard, "--help")), t / bare))
        rows.append(
            ("detect --json, typical app", t := best(process(*wizard, "detect", "--json", str(typical))), t / bare)
        )
        rows.append(
            ("--dry-run, typical app", t := best(process(*wizard, str(typical), "--dry-run", *given)), t / bare)
        )
        process(*wizard, str(typical), "--ci", *given, "--no-install", "--no-verify", codes=(0, 3))()
        again = process(*wizard, str(typical), "--ci", *given, "--no-install", "--no-verify", codes=(0, 3))
        rows.append(("a second run that changes nothing", t := best(again), t / bare))
        for files in (10_000, 100_000):
            tree = monorepo(Path(folder) / f"mono{files}", files)
            listed = best(process("git", "ls-files", "-co", "--exclude-standard", "-z", cwd=tree), 3)
            rows.append((f"git ls-files, {files} files", listed, 1.0))
            rows.append(
                (
                    f"detect --json, {files} files",
                    t := best(process(*wizard, "detect", "--json", str(tree)), 3),
                    t / listed,
                )
            )
        for name, seconds, ratio in rows:
            print(f"{name:40} {seconds * 1000:8.0f} ms {ratio:8.2f}x")


if __name__ == "__main__":
    main()
