"""Run by CI with the Python of a clean environment: the installed command plans one app and leaks no generic names."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec


def main(command: str, project: str) -> None:
    """Plan `project` with the installed `command`."""
    leaked = [name for name in ("wizard", "frameworks", "templates", "fixtures") if find_spec(name)]
    assert not leaked, f"the wheel puts {leaked} into the environment"
    done = subprocess.run(
        [command, project, "--dry-run", "--ci", "--token", "phc_smoke", "--region", "eu"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    assert "+++ b/posthog_client.py" in done.stdout, done.stdout
    table = subprocess.run([command, "frameworks"], capture_output=True, text=True, check=True).stdout
    assert "| flask |" in table, table
    print("smoke test passed")


if __name__ == "__main__":
    sys.path[:] = [p for p in sys.path if "tests" not in p]
    main(*sys.argv[1:])
