"""Speed as ratios within one run: `python tests/benchmarks/run.py`. Run by hand; prints a table.

Each command is a fresh process, best of several, against `python -c pass`; then detection on large trees.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.benchmarks import detection  # noqa: E402
from tests.fixture_case import TOKEN, Case  # noqa: E402


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
        # an installed program has its bytecode; without it half of the time would be the compiler's
        env = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"} | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, stdin=subprocess.DEVNULL)
        assert done.returncode in codes, done.stderr.decode()[-2000:]

    return run


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
        for name, seconds, ratio in rows:
            print(f"{name:40} {seconds * 1000:8.0f} ms {ratio:8.2f}x")
    detection.main([])


if __name__ == "__main__":
    main()
