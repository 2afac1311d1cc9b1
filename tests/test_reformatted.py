"""Our lines come out of files that were reformatted since, or whose lists go on after our entry; or nothing does."""

from __future__ import annotations

import pytest

from wizard.merge import merge
from wizard.reformatted import merge_loosely

JS_BEFORE = b"""export default defineConfig({
  plugins: [
    react()
  ],
  build: { outDir: 'dist' }
})
"""
JS_AFTER = b"""export default defineConfig({
  plugins: [
    react(),
    posthog()
  ],
  build: { outDir: 'dist' }
})
"""
PY_BEFORE = b"""import os
from flask import Flask

app = Flask('x')
run(app)
"""
PY_AFTER = b"""import os
from flask import Flask
from ph import client

app = Flask('x')
client.init('a')
run(app)
"""


def swapped(text: bytes, *pairs: tuple[bytes, bytes]) -> bytes:
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    ("path", "base", "ours", "theirs", "expected"),
    [
        pytest.param(
            "a.js",
            JS_AFTER,
            JS_BEFORE,
            swapped(JS_AFTER, (b"posthog()\n", b"posthog(),\n    mine()\n")),
            swapped(JS_BEFORE, (b"react()\n", b"react(),\n    mine()\n")),
            id="entry-after-ours",
        ),
        pytest.param(
            "a.js",
            JS_AFTER,
            JS_BEFORE,
            swapped(JS_AFTER, (b"    posthog()\n", b"    mine(),\n    posthog()\n")),
            swapped(JS_BEFORE, (b"react()\n", b"react(),\n    mine()\n")),
            id="entry-before-ours",
        ),
        pytest.param(
            "a.js",
            JS_AFTER,
            JS_BEFORE,
            swapped(JS_AFTER, (b"posthog()\n", b"posthog(),\n"), (b"'dist' }\n", b"'dist' },\n")),
            swapped(JS_BEFORE, (b"react()", b"react(),"), (b"'dist' }\n", b"'dist' },\n")),
            id="trailing-comma-after-ours",
        ),
        pytest.param(
            "a.js",
            JS_AFTER,
            JS_BEFORE,
            swapped(JS_AFTER, (b"  ", b"\t"), (b"'dist'", b'"dist"')),
            swapped(JS_BEFORE, (b"  ", b"\t"), (b"'dist'", b'"dist"')),
            id="reformatted-by-prettier",
        ),
        pytest.param(
            "a.ts",
            JS_AFTER,
            JS_BEFORE,
            swapped(JS_AFTER, (b"})\n", b"});\n"), (b"    posthog()\n", b"    posthog(),\n")),
            swapped(JS_BEFORE, (b"react()", b"react(),"), (b"})\n", b"});\n")),
            id="semicolons-added",
        ),
        pytest.param(
            "a.py",
            PY_AFTER,
            PY_BEFORE,
            swapped(PY_AFTER, (b"'", b'"')),
            swapped(PY_BEFORE, (b"'", b'"')),
            id="reformatted-by-black",
        ),
        pytest.param(
            "a.py",
            PY_AFTER,
            PY_BEFORE,
            swapped(
                PY_AFTER, (b"'", b'"'), (b"import os\n", b"import os\nimport sys\n"), (b"run(app)", b"run(app, 1)")
            ),
            swapped(
                PY_BEFORE, (b"'", b'"'), (b"import os\n", b"import os\nimport sys\n"), (b"run(app)", b"run(app, 1)")
            ),
            id="reformatted-and-edited",
        ),
        pytest.param(
            "a.py",
            PY_AFTER,
            PY_BEFORE,
            PY_AFTER.replace(b"\n", b"\r\n", 3),
            PY_BEFORE.replace(b"\n", b"\r\n", 2),
            id="some-line-ends-converted",
        ),
        pytest.param(
            "pyproject.toml",
            b'dependencies = [\n  "flask",\n  "posthog>=3"\n]\n',
            b'dependencies = [\n  "flask"\n]\n',
            b'dependencies = [\n  "flask",\n  "posthog>=3",\n  "rich"\n]\n',
            b'dependencies = [\n  "flask",\n  "rich"\n]\n',
            id="toml-entry-after-ours",
        ),
        pytest.param(
            "package.json",
            b'{\n  "b": 1,\n  "ph": 2\n}\n',
            b'{\n  "b": 1\n}\n',
            b'{\n\t"b": 1,\n\t"ph": 2,\n\t"z": 3\n}\n',
            b'{\n\t"b": 1,\n\t"z": 3\n}\n',
            id="json-indented-anew",
        ),
        pytest.param(
            "package.json",
            b'{\n  "b": 1,\n  "ph": 2\n}\n',
            b'{\n  "b": 1\n}\n',
            b'{\n\t"b": 1,\n\t"c": 3,\n\t"ph": 2\n}\n',
            b'{\n\t"b": 1,\n\t"c": 3\n}\n',
            id="json-indented-anew-entry-before-ours",
        ),
    ],
)
def test_takes_our_lines_out(path: str, base: bytes, ours: bytes, theirs: bytes, expected: bytes) -> None:
    assert merge(base, ours, theirs).conflicts, "plain merge does this one"
    merged = merge_loosely(path, base, ours, theirs)
    assert merged is not None
    assert merged.content == expected
    assert merged.conflicts == ()


@pytest.mark.parametrize(
    ("path", "base", "ours", "theirs"),
    [
        pytest.param(
            "a.js",
            JS_AFTER,
            JS_BEFORE,
            swapped(JS_AFTER, (b"posthog()", b"posthog({ debug: true })")),
            id="ours-edited",
        ),
        pytest.param(
            "a.js",
            JS_AFTER,
            JS_BEFORE,
            swapped(JS_AFTER, (b"[\n    react(),\n    posthog()\n  ]", b"[react(), posthog()]")),
            id="joined-to-one-line",
        ),
        pytest.param(
            "a.jsx",
            b"<P>\n  <App />\n</P>\n",
            b"<App />\n",
            b"<P>\n    <App />\n</P>;\n",
            id="we-had-indented-a-line",
        ),
        pytest.param("a.py", b"a = 2\nb\n", b"a = 1\nb\n", b"a  =  2\nb\n", id="we-had-replaced-a-line"),
        pytest.param("a.py", PY_AFTER, PY_BEFORE, PY_BEFORE.replace(b"'", b'"'), id="nothing-left-to-take-out"),
        pytest.param(
            "a.py",
            b"def f():\n    'x'\n    init()\n",
            b"def f():\n    'x'\n",
            b"def f():\n\n    init()\n",
            id="would-no-longer-parse",
        ),
        pytest.param("a.txt", b"a\0\nb\n", b"a\0\n", b" a\0\nb\n c\n", id="no-text"),
    ],
)
def test_leaves_what_is_not_certain(path: str, base: bytes, ours: bytes, theirs: bytes) -> None:
    assert merge_loosely(path, base, ours, theirs) is None
