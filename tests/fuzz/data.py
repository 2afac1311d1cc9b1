"""The codemods for env files, manifests and requirement files, and what they are attacked with."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tests.fuzz.data_oracles import (
    Check,
    array_check,
    cfg_check,
    docker_check,
    entry_check,
    env_check,
    json_check,
    py_check,
    requirement_check,
    toml_check,
    yaml_check,
)
from wizard.codemods import dockerfile, dotenv, requirements, setup_files, toml, yaml, yaml_entries
from wizard.codemods import json as jsons
from wizard.edits import Codemod

MODULES = (dockerfile, dotenv, jsons, requirements, setup_files, toml, yaml, yaml_entries)


@dataclass(frozen=True, slots=True)
class Target:
    """A way to call a codemod, real sources for it, snippets of its language, and what must hold of its result."""

    codemod: Codemod
    sources: tuple[str, ...]
    words: tuple[str, ...]
    check: Check
    only_adds: bool = True


ENV_SOURCES = (
    "",
    'A=1\nB=\'two words\' # why\nexport C="x\\ny"\n\n# KEY=old\nD=`$&`\nP="line\nline\n"\n',
    "KEY=\nA=$&x#y\\\nB='#'\r\nC=\"it's\"\r\n",
    "API_KEY=abc",
    'export KEY=""\nKEY_2=b\n#\nE= # e\nF=#f\nG = h\n',
)
ENV_WORDS = ("KEY=", "KEY=x", "export ", '"', "'", "`", "\\", "#", " # c", "A=1", "=", "KEY: y", '"\n', "$&", "\r")
PACKAGE = (
    '{\n  "name": "x",\n  "scripts": {"dev": "a \\"b\\""},\n  "dependencies": {\n    "next": "15",\n    "react": "19"\n'
    '  },\n  "tasks": {"build": {"env": ["A", "B"]}}\n}\n'
)
JSON_SOURCES = (
    PACKAGE,
    "{}",
    json.dumps(json.loads(PACKAGE)),
    json.dumps(json.loads(PACKAGE), indent="\t"),
    '// top\n{\n  /* a\n b */ "dependencies": { // why "{"\n    "z": "http://x", /* t\n */\n  },\n  "tasks": {\n'
    '    "build": {\n      "env": [\n        "A" // a, b\n        // c\n      ],\n    },\n  },\n}\n',
    '{"dependencies": {}, "tasks": {"build": {}}}\n',
)
JSON_WORDS = (
    '"posthog-js": "1",',
    '"dependencies": {',
    "}",
    "]",
    "[",
    ",",
    '"env": [',
    "null",
    "1e5",
    "//",
    "/*",
    '"\\q"',
)
TOML_SOURCES = (
    '[project]\nname = "x" # n\ndependencies = [\n  "a>=1", # "#"\n  \'b; os_name == "nt"\',\n]\n\n[project.scripts]\n'
    'x = "y:z"\n[[tool.x]]\na = {b = [1, 2], c.d = """\n[project]\n"""}\n',
    '[tool.poetry.dependencies]\npython = "^3.11"\nrq = {version = "1"}\n\n[packages]\n\n[dev-packages]\n',
    'project.dependencies = ["a"]\nproject."name" = \'x\'\n[dependency-groups]\ndev = ["a", {include-group = "b"}]\n',
    '[project]\ndynamic = ["version"]\ndependencies = []\n[packages]\nflask = "*"',
)
TOML_WORDS = (
    "[project]",
    "dependencies = [",
    '"a",',
    "]",
    "# c",
    "'''",
    '"""',
    "{",
    "}",
    "x.y = 1",
    "[[a]]",
    "[packages]",
)
REQUIREMENT_SOURCES = (
    "# web\ndjango>=5\nrequests[socks]==2.0 ; python_version > '3'  # why\n-r base.txt\n--index-url https://x/simple\n",
    "flask==3\nzope==1 \\\n    ; os_name == 'nt'\n# end \\\nuvicorn==1",
    "-e git+https://x/y.git#egg=other\n./lib\n\nz @ https://x/z.whl\n\n",
)
REQUIREMENT_WORDS = (
    "posthog==1",
    "\\",
    "a==1 \\",
    "# c \\",
    "-r x.txt",
    "#egg=posthog",
    "--hash=sha256:0",
    "b",
    ";",
    "@",
)
CFG_SOURCES = (
    "[metadata]\nname = x\n\n[options]\npackages = find:\ninstall_requires =\n    django>=5\n    # why\n    zope\n\n"
    "[options.extras_require]\na =\n    b\n",
    "[options]\ninstall_requires =\n\tdjango\npackages = x",
)
CFG_WORDS = ("[options]", "install_requires =", "    a>=1", "a = b", "# c", "[x]", "    posthog", "=", ":")
PY_SOURCES = (
    "from setuptools import setup\nsetup(\n    name='\u00fc',\n    install_requires=[\n        'django>=5',  # web\n"
    "        'zope',\n    ],\n)\n",
    "setup(install_requires=['a', \"b\"], x=1)",
    "import x\n\x0c\nsetup(install_requires=[\n  'a' ,\n  'b'])\n",
    "setup(install_requires=[])\n",
)
PY_WORDS = (
    "install_requires=[",
    "'a',",
    "('a')",
    "]",
    "(",
    "# c",
    '"""',
    "'a' 'b'",
    "b'a'",
    "f'{x}'",
    "\\\n",
    "1,",
    ",",
)
YAML_SOURCES = (
    "x-a: &a\n  A: 1\nservices:\n  web:\n    build:\n      context: .\n      args:\n        - A=1 # a\n"
    "    environment:\n      <<: *a\n      B: |\n        two\n        lines\n\n  # next\n  db: {image: x}\n",
    "services:\n- type: web\n  envVars:\n  - key: A\n    value: 'x: y'\n  - key: B\n    sync: false # s\n\n"
    "databases: []\n",
    "services:\n  web:\n    image: \"a # b\"\n    environment: [A, 'B']\n    x: >-\n      folded\n      text\n",
    "version: '3'\nservices:\n    web:\n        environment:\n            - A\n            -   B=1",
)
YAML_WORDS = (
    "- KEY",
    "KEY:",
    "&a ",
    "*a",
    "<<: *a",
    "- A",
    "|",
    ">",
    "'",
    '"',
    "# c",
    "[",
    "]",
    "{",
    "---",
    "? ",
    "!t ",
    "  ",
)
CATALOG_SOURCES = (
    "packages:\n  - 'apps/*' # all\n\n# one version\ncatalog:\n  # about\n  '@a/b': ^1.0.0\n  next: 15.0.0 # pinned\n\n"
    "  # more\n  zod: ^3.0.0\n\ncatalogs:\n  web: {react: 19.0.0, vite: ^6.0.0}\n",
    'catalog:\n    "next": "15"\n    "react": "19"\ncatalogs:\n    web:\n        "a": &v "1"\n        "b": *v\nx: 1',
    "catalog: {}\ncatalogs:\n  web: {\n    a: 1, # why\n    z: 2\n  }\n",
    "catalog:\ncatalogs:\n  web:\n  api:\n    e: |\n      x\n",
    "nodeLinker: node-modules\n",
)
DOCKER_SOURCES = (
    "# syntax=docker/dockerfile:1\nFROM node:20 AS base\nARG A=1\nFROM base AS build\nRUN \\\n  if x; then npm ci; \\\n"
    "  # c\n\n  fi\nENV B='x y' \\\n  C=2\n# why\nRUN --mount=type=cache,target=/x npm run build\nCMD [\"node\"]\n",
    'FROM a\nRUN <<EOF\nnpm ci\nnpm run build\nEOF\nCOPY <<-"X" /y\n\ta\n\tX\n',
    "# escape=`\nFROM a AS b\n  RUN x `\n  && yarn build\nFROM c\nCOPY --from=b a b",
)
DOCKER_WORDS = (
    "FROM a AS b",
    "ARG KEY",
    "ENV KEY=1",
    "\\",
    "<<EOF",
    "EOF",
    "# c",
    "RUN npm run build",
    "# escape=`",
    "'",
    '"',
)

TARGETS: dict[str, tuple[Target, ...]] = {
    "dockerfile.ensure_build_arguments": (
        Target(dockerfile.ensure_build_arguments(("KEY",)), DOCKER_SOURCES, DOCKER_WORDS, docker_check),
    ),
    "yaml.ensure_name": tuple(
        Target(yaml.ensure_name(("services", "web", *path), "KEY"), YAML_SOURCES, YAML_WORDS, yaml_check)
        for path in (("environment",), ("build", "args"))
    ),
    "yaml.ensure_record": (
        Target(
            yaml.ensure_record(("services", 0, "envVars"), "key", "KEY", ["sync: false"]),
            YAML_SOURCES,
            YAML_WORDS,
            yaml_check,
        ),
    ),
    "yaml_entries.ensure_entry": tuple(
        Target(
            yaml_entries.ensure_entry(path, key, "^1.434.0"),
            CATALOG_SOURCES,
            (*YAML_WORDS, "catalog:", "posthog-js: 1", "'@a/b'", "{}"),
            entry_check(path, key, "^1.434.0"),
            False,
        )
        for path in (("catalog",), ("catalogs", "web"))
        for key in ("posthog-js", "@posthog/react")
    ),
    "dotenv.ensure_variable": tuple(
        Target(dotenv.ensure_variable("KEY", value), ENV_SOURCES, ENV_WORDS, env_check("KEY", value), False)
        for value in ("phc_x", "a b#c", "it's")
    ),
    "dotenv.set_variable": (
        Target(dotenv.set_variable("KEY", "phc_x"), ENV_SOURCES, ENV_WORDS, env_check("KEY", "phc_x"), False),
    ),
    "json.ensure_member": (
        Target(
            jsons.ensure_member(("dependencies",), "posthog-js", "^1", alphabetical=True),
            JSON_SOURCES,
            JSON_WORDS,
            json_check(("dependencies",), "posthog-js", "^1"),
        ),
        Target(
            jsons.ensure_member(("tasks", "build"), "x", {"y": ["z"]}),
            JSON_SOURCES,
            JSON_WORDS,
            json_check(("tasks", "build"), "x", {"y": ["z"]}),
        ),
    ),
    "json.ensure_item": (
        Target(
            jsons.ensure_item(("tasks", "build", "env"), "HOST"),
            JSON_SOURCES,
            JSON_WORDS,
            array_check(("tasks", "build", "env"), "HOST"),
        ),
    ),
    "requirements.ensure_requirement": (
        Target(
            requirements.ensure_requirement("posthog", ">=7.71"),
            REQUIREMENT_SOURCES,
            REQUIREMENT_WORDS,
            requirement_check,
        ),
    ),
    "setup_files.ensure_in_setup_cfg": (
        Target(setup_files.ensure_in_setup_cfg("posthog", ">=7.71"), CFG_SOURCES, CFG_WORDS, cfg_check),
    ),
    "setup_files.ensure_in_setup_py": (
        Target(setup_files.ensure_in_setup_py("posthog", ">=7.71"), PY_SOURCES, PY_WORDS, py_check),
    ),
    "toml.ensure_requirement": tuple(
        Target(
            toml.ensure_requirement(path, "posthog", ">=7.71"),
            TOML_SOURCES,
            TOML_WORDS,
            toml_check(path, "posthog", None),
        )
        for path in (("project", "dependencies"), ("dependency-groups", "dev"))
    ),
    "toml.ensure_key": tuple(
        Target(
            toml.ensure_key(table, "posthog", ">=7.71"),
            TOML_SOURCES,
            TOML_WORDS,
            toml_check((*table, "posthog"), None, ">=7.71"),
        )
        for table in (("packages",), ("tool", "poetry", "dependencies"))
    ),
}
"""What attacks each public codemod of the modules; one without an entry fails the test."""


PATHOLOGICAL: dict[str, tuple[str, str]] = {
    "one line of 1 MB": ("json", json.dumps({f"k{i}": {"a": [1, 2, "x"]} for i in range(40_000)})),
    "one string of 1 MB": ("json", json.dumps({"a": "x" * 1_000_000})),
    "200,000 arrays": ("json", "[" * 200_000 + "]" * 200_000),
    "200,000 objects": ("json", '{"a":' * 200_000),
    "1 MB of blanks": ("json", "{" + " " * 1_000_000 + "}"),
    "140,000 comments": ("json", "{" + "/* x */" * 140_000 + "}"),
    "comments that open": ("json", "{" + "/*" * 500_000),
    "escapes": ("json", '{"' + '\\"' * 500_000),
    "a number of 1 MB": ("json", '{"a": ' + "1" * 1_000_000 + "}"),
    "50,000 dependencies": ("json", json.dumps({"dependencies": {f"k{i}": "1" for i in range(50_000)}}, indent=2)),
    "quote never closed": ("dotenv", 'A="' + "B=x\n" * 250_000),
    "quotes of three kinds": ("dotenv", "A='x\nB=\"y\nC=`z\n" * 70_000),
    "escaped quotes": ("dotenv", 'A="' + '\\"' * 500_000),
    "lines of escaped quotes": ("dotenv", 'A="x\\"\n' * 100_000),
    "backslashes": ("dotenv", 'A="' + "\\" * 1_000_000),
    "blanks in a value": ("dotenv", "A=x" + "\t" * 1_000_000 + "y"),
    "blanks before a name": ("dotenv", " " * 1_000_000 + "A=1"),
    "a name of 1 MB": ("dotenv", "a" * 1_000_000),
    "300,000 colons": ("dotenv", "A:\n" * 300_000),
    "1 MB of line ends": ("dotenv", "\n" * 1_000_000),
    "hashes in a value": ("dotenv", "A=x" + " #" * 500_000),
    "100,000 lines": ("requirements", "".join(f"p{i}==1\n" for i in range(100_000))),
    "a line that goes on and on": ("requirements", "a \\\n" * 250_000),
    "empty lines that go on": ("requirements", "\\\n" * 500_000),
    "1 MB of backslashes": ("requirements", "\\" * 1_000_000),
    "dashes": ("requirements", "a" + "-" * 1_000_000),
    "eggs": ("requirements", "-e " + "&egg=" * 200_000),
    "schemes": ("requirements", "a+" * 500_000),
    "form feeds": ("requirements", "\x0c" * 500_000),
    "nested arrays": ("toml", "a = " + "[" * 200_000),
    "2,000 arrays": ("toml", "a = " + "[" * 2_000 + "]" * 2_000 + "\n[packages]\n"),
    "100 arrays": ("toml", "[project]\na = " + "[" * 100 + "]" * 100 + "\ndependencies = []\n"),
    "a key of 3,000 parts": ("toml", "a" + ".a" * 3_000 + " = 1\n[packages]\n"),
    "a number of 5,000 digits": ("toml", "a = " + "1" * 5_000 + "\n[packages]\n"),
    "5,000 requirements": (
        "toml",
        "[project]\ndependencies = [\n" + "".join(f'  "p{i}==1",\n' for i in range(5_000)) + "]\n",
    ),
    "5,000 packages": ("toml", "[packages]\n" + "".join(f'p{i} = "1"\n' for i in range(5_000))),
    "5,000 tables": ("toml", "".join(f"[t{i}]\na=1\n" for i in range(5_000)) + "[packages]\n"),
    "20,000 comments": ("toml", "# x\n" * 20_000 + "[packages]\n"),
    "90 KB of line ends": ("toml", "\n" * 90_000 + "[packages]\n"),
    "45,000 escapes": ("toml", 'a = "' + '\\"' * 45_000 + '"\n[packages]\n'),
    "1 MB": ("toml", "# x\n" * 250_000 + "[packages]\n"),
    "300 KB of items": ("yaml", "services:\n  web:\n    environment:\n" + "      - A\n" * 20_000),
    "5,000 brackets": ("yaml", "services: " + "[" * 5_000),
    "300 levels": ("yaml", "".join("  " * n + "a:\n" for n in range(300))),
    "aliases of aliases": (
        "yaml",
        "".join(f"a{n}: &a{n} [{', '.join(f'*a{n - 1}' for _ in range(9) if n)}]\n" for n in range(40)),
    ),
    "1 MB of YAML": ("yaml", "a: b\n" * 200_000),
    "60,000 quotes": ("yaml", '"' * 60_000),
    "100,000 instructions": ("dockerfile", "FROM a\n" + "RUN x\n" * 100_000),
    "an instruction of 250,000 lines": ("dockerfile", "FROM a\nRUN x \\\n" + "  y \\\n" * 250_000),
    "2,000 stages": (
        "dockerfile",
        "FROM a AS s0\n" + "".join(f"FROM s{n} AS s{n + 1}\n" for n in range(2_000)) + "RUN npm run build",
    ),
    "words before a build": ("dockerfile", "FROM a\nRUN " + "npm x " * 100_000),
    "here-documents": ("dockerfile", "FROM a\nRUN " + "<<A " * 20_000 + "\n"),
    "quotes in ENV": ("dockerfile", "FROM a\nENV " + 'a="' * 100_000 + "\nRUN npm run build\n"),
    "100,000 requirements": ("cfg", "[options]\ninstall_requires =\n" + "    a\n" * 100_000),
    "100,000 sections": ("cfg", "[options]\n" * 100_000),
    "a blank line of 1 MB": ("cfg", "[options]\ninstall_requires =\n" + " " * 1_000_000),
    "keys that are empty": ("cfg", "[options]\n" + "install_requires = \n" * 50_000),
    "200,000 lists": ("setup_py", "setup(install_requires=" + "[" * 200_000),
    "100,000 signs": ("setup_py", "x = " + "-" * 100_000 + "1"),
    "20,000 terms": ("setup_py", "x = " + "1+" * 20_000 + "1\nsetup(install_requires=[])"),
    "a list of 20,000": (
        "setup_py",
        "setup(install_requires=[\n" + "".join(f"'a{i}',\n" for i in range(20_000)) + "])",
    ),
}
"""Texts that make slow what is slow: the part of the codemods' names they are for, and the text."""
