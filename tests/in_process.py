"""The command line run in this very process: much quicker than `tests.test_cli.wizard`, and as far from a terminal."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

from wizard.cli import main


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update({"COLUMNS": "100", "HTTPS_PROXY": "http://127.0.0.1:9", **values})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def wizard(*arguments: str | Path, env: dict[str, str] | None = None) -> CompletedProcess[str]:
    """Run it with these arguments; nothing of PostHog's own hosts can be reached. Not for `--offline`: that stays."""
    given = [str(argument) for argument in arguments]
    assert "--offline" not in given, "no socket could be opened any more in this process"
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with _environment(env or {}), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(given)
    written = [stream.buffer.getvalue().decode() for stream in (out, err)]
    return CompletedProcess(given, code, *written)
