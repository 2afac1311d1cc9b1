"""Dockerfiles: stages and their variables, ARG declared in the stage that builds, before its build."""

from __future__ import annotations

import pytest

from tests import laws
from wizard.codemods.dockerfile import BUILDS, build_steps, ensure_build_arguments, in_scope, instructions, stages
from wizard.edits import Codemod
from wizard.errors import CannotEdit

ARGS = ensure_build_arguments(("KEY", "HOST"))

STANDALONE = """# syntax=docker.io/docker/dockerfile:1

FROM node:20-alpine AS base

FROM base AS deps
WORKDIR /app
RUN \\
  if [ -f yarn.lock ]; then yarn --frozen-lockfile; \\
  # npm
  elif [ -f package-lock.json ]; then npm ci; \\
  fi

FROM base AS builder
COPY --from=deps /app/node_modules ./node_modules
COPY . .
{args}# Build
RUN \\
  if [ -f yarn.lock ]; then yarn run build; \\
  elif [ -f package-lock.json ]; then npm run build; \\
  else echo "Lockfile not found." && exit 1; \\
  fi

FROM base AS runner
CMD ["node", "server.js"]
"""

CHANGES = {
    "one-stage": (
        ARGS,
        "FROM node:22\nCOPY . .\nRUN npm ci && npm run build\nCMD npm start\n",
        "FROM node:22\nCOPY . .\nARG KEY\nARG HOST\nRUN npm ci && npm run build\nCMD npm start\n",
    ),
    "standalone-of-next": (ARGS, STANDALONE.format(args=""), STANDALONE.format(args="ARG KEY\nARG HOST\n")),
    "one-is-there": (
        ARGS,
        "FROM node AS b\nARG KEY=x\nRUN pnpm build\n",
        "FROM node AS b\nARG KEY=x\nARG HOST\nRUN pnpm build\n",
    ),
    "declared-for-another-stage": (
        ARGS,
        "FROM a AS one\nARG KEY\nARG HOST\nFROM a AS two\nRUN yarn build\n",
        "FROM a AS one\nARG KEY\nARG HOST\nFROM a AS two\nARG KEY\nARG HOST\nRUN yarn build\n",
    ),
    "declared-before-the-first-stage": (
        ARGS,
        "ARG KEY\nARG HOST\nFROM a\nRUN vite build\n",
        "ARG KEY\nARG HOST\nFROM a\nARG KEY\nARG HOST\nRUN vite build\n",
    ),
    "declared-after-the-build": (
        ARGS,
        "FROM a\nRUN npm run build\nENV KEY=1 HOST=2\n",
        "FROM a\nARG KEY\nARG HOST\nRUN npm run build\nENV KEY=1 HOST=2\n",
    ),
    "only-in-a-comment": (
        ARGS,
        "FROM a\n# ARG KEY\n# ARG HOST\nRUN bun run build\n",
        "FROM a\nARG KEY\nARG HOST\n# ARG KEY\n# ARG HOST\nRUN bun run build\n",
    ),
    "indented-and-lower-case": (
        ARGS,
        "from a as b\n  copy . .\n  run turbo build --filter=web\n",
        "from a as b\n  copy . .\n  ARG KEY\n  ARG HOST\n  run turbo build --filter=web\n",
    ),
    "command-as-a-list": (
        ARGS,
        'FROM a\nRUN ["npm", "run", "build"]\n',
        'FROM a\nARG KEY\nARG HOST\nRUN ["npm", "run", "build"]\n',
    ),
    "here-document": (
        ARGS,
        "FROM a\nRUN <<EOF\nnpm ci\nnpm run build\nEOF\nCMD x\n",
        "FROM a\nARG KEY\nARG HOST\nRUN <<EOF\nnpm ci\nnpm run build\nEOF\nCMD x\n",
    ),
    "escape-directive": (
        ARGS,
        "# escape=`\nFROM a\nCOPY a `\n  b\nRUN npm run build\n",
        "# escape=`\nFROM a\nCOPY a `\n  b\nARG KEY\nARG HOST\nRUN npm run build\n",
    ),
    "no-final-newline": (ARGS, "FROM a\nRUN npm run build", "FROM a\nARG KEY\nARG HOST\nRUN npm run build"),
}

KEEPS = {
    "arguments": (ARGS, "FROM a\nARG KEY\nARG HOST=x\nRUN npm run build\n"),
    "several-in-one-line": (ARGS, "FROM a\nARG KEY HOST\nRUN npm run build\n"),
    "environment": (ARGS, "FROM a\nENV KEY=$KEY HOST='a b'\nRUN npm run build\n"),
    "environment-the-old-way": (ARGS, "FROM a\nENV KEY a b\nENV HOST x\nRUN npm run build\n"),
    "environment-over-lines": (ARGS, "FROM a\nENV A=1 \\\n    # why\n    KEY=x \\\n\n    HOST=y\nRUN npm run build\n"),
    "parent-stage": (ARGS, "FROM a AS Base\nARG KEY\nENV HOST=x\nFROM base\nRUN npm run build\n"),
    "grandparent": (ARGS, "FROM a AS x\nARG KEY HOST\nFROM x AS y\nFROM y\nRUN npm run build\n"),
    "secret-mounts": (
        ARGS,
        "FROM a\nRUN --mount=type=secret,id=k,env=KEY --mount=type=secret,id=h,env=HOST npm run build\n",
    ),
}

REFUSES = {
    "nothing-built": (ARGS, "FROM nginx\nCOPY dist /usr/share/nginx/html\n", "no RUN that builds", None),
    "native-build-only": (ARGS, "FROM node\nRUN npm ci --build-from-source && apk add build-base\n", "no RUN", None),
    "two-stages-build": (
        ARGS,
        "FROM a AS web\nRUN npm run build\nFROM a AS api\nRUN npm run build\n",
        "several stages",
        None,
    ),
    "built-when-built-upon": (ARGS, "FROM a\nONBUILD RUN npm run build\n", "no RUN", None),
    "no-from": (ARGS, "RUN npm run build\n", "begin with FROM", 1),
    "empty": (ARGS, "# nothing\n", "no FROM", None),
    "no-instruction": (ARGS, "FROM a\n{{ x }}\nRUN npm run build\n", "no instruction", 2),
    "here-document-without-end": (ARGS, "FROM a\nRUN <<EOF\nnpm run build\n", "no end", 3),
}


@pytest.mark.parametrize(("codemod", "before", "after"), CHANGES.values(), ids=CHANGES)
def test_changes(codemod: Codemod, before: str, after: str) -> None:
    laws.check(codemod, before, after)


@pytest.mark.parametrize(("codemod", "text"), KEEPS.values(), ids=KEEPS)
def test_keeps(codemod: Codemod, text: str) -> None:
    laws.check_keeps(codemod, text)


@pytest.mark.parametrize(("codemod", "text", "reason", "line"), REFUSES.values(), ids=REFUSES)
def test_refuses(codemod: Codemod, text: str, reason: str, line: int | None) -> None:
    laws.check_refuses(codemod, text, reason, line)


COMMANDS = {
    "npm run build": True,
    "npm run build:prod": True,
    "yarn build": True,
    "yarn workspace web build": True,
    "pnpm --filter @x/web build": True,
    "pnpm turbo run web#build": True,
    "npx nx build web --prod": True,
    "next build": True,
    "npm ci && npm run build": True,
    "npm ci": False,
    "npm ci --build-from-source": False,
    "npm install && apk add build-base": False,
    "node build/index.js": False,
    "docker build .": False,
    "pip install build": False,
    "mkdir build": False,
}


@pytest.mark.parametrize(("command", "builds"), COMMANDS.items(), ids=COMMANDS)
def test_what_builds_a_web_app(command: str, builds: bool) -> None:
    assert bool(BUILDS.search(command)) is builds


def test_values_and_places_of_variables() -> None:
    text = 'FROM a AS base\nARG A=1\nENV B="x y" C\nFROM base\nARG D\nRUN npm run build\nENV E=late\n'
    (stage, step), *_ = build_steps(text)
    found = in_scope(text, stage, step)
    assert {name: (d.keyword, d.value) for name, d in found.items()} == {
        "A": ("ARG", "1"),
        "B": ("ENV", '"x y"'),
        "C": ("ENV", None),
        "D": ("ARG", None),
    }
    assert set(in_scope(text, stages(text)[-1])) == {"A", "B", "C", "D", "E"}


def test_a_hash_inside_of_a_command_is_no_comment() -> None:
    assert [i.value for i in instructions("FROM a\nRUN echo \\\n # no\n  yes # part\n")] == ["a", "echo  yes # part"]


def test_a_stage_is_not_its_own_parent() -> None:
    with pytest.raises(CannotEdit):
        ARGS("FROM a AS a\nRUN true\n")
