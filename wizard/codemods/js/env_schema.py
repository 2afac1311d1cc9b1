"""The schema of `createEnv` (t3-env): a variable of it, optional, and the place that it is read from."""

from __future__ import annotations

import re

from tree_sitter import Node

from wizard.codemods.js.objects import add_member, member, value_of
from wizard.codemods.js.tree import Script, arguments, named, parse
from wizard.codemods.js.values import bare, literal
from wizard.edits import Codemod, Edit, splice
from wizard.errors import CannotEdit

_ZOD = re.compile(r"""\bimport\s+(?:\{[^{}]*\bz\b[^{}]*\}|\*\s+as\s+z|z)\s+from\s+["']zod(?:/v[34])?["']""")
_READ_FROM = ("runtimeEnv", "runtimeEnvStrict", "experimental__runtimeEnv")


def ensure_env_variable(section: str, name: str) -> Codemod:
    """The one `createEnv({...})` of a file has the optional string `name` in its `section` (`client` or `server`).

    Where the values are listed one by one it is listed, too; `experimental__runtimeEnv` lists those of clients only.
    A variable that is in the schema stays as it is. Refuses schemas that are not zod's.
    Source: env.t3.gg/docs/nextjs, packages/core/src/index.ts of t3-oss/t3-env: what is not in the schema is ignored.
    """

    def run(text: str) -> str:
        if "createEnv" not in text:
            raise CannotEdit("does not call createEnv")
        script = parse(text)
        options = _options(script)
        schema = member(script, options, section)
        if schema is None:
            raise script.refuse(f"createEnv has no {section} variables", options)
        prefix = member(script, options, "clientPrefix")
        if (
            section == "client"
            and prefix
            and not name.startswith(script.source(value_of(script, prefix)).strip("\"'`"))
        ):
            raise script.refuse("clientPrefix is another", prefix)
        variables = literal(script, value_of(script, schema), "object")
        if member(script, variables, name, over_spread=True) is not None:
            return text
        if not _ZOD.search(text):
            raise script.refuse("the schema is not written with the z of zod", variables)
        edits = add_member(script, variables, f"{name}: z.string().optional()")
        return splice(text, [*edits, *_read(script, options, section, name)])

    return run


def _options(script: Script) -> Node:
    calls = list(script.calls("createEnv"))
    if len(calls) != 1:
        raise CannotEdit("does not call createEnv" if not calls else "calls createEnv several times")
    given = [bare(one) for one in arguments(calls[0])]
    if len(given) != 1 or given[0].type != "object":
        raise script.refuse("createEnv is not called with an object", calls[0])
    return given[0]


def _read(script: Script, options: Node, section: str, name: str) -> list[Edit]:
    key, found = next(((k, m) for k in _READ_FROM if (m := member(script, options, k))), ("", None))
    if found is None:
        raise script.refuse("createEnv does not say where its values are read", options)
    source = bare(value_of(script, found))
    if source.type != "object" or (key == "experimental__runtimeEnv" and section == "server"):
        if source.type == "object" or script.source(source) in ("process.env", "import.meta.env"):
            return []
        raise script.refuse(f"{key} is not written out", source)
    if member(script, source, name, over_spread=True) is not None:
        return []
    homes = {home for one in named(source) if (home := _home(script.source(one)))}
    if len(homes) > 1:
        raise script.refuse(f"{key} reads from several places", source)
    return add_member(script, source, f"{name}: {homes.pop() if homes else 'process.env'}.{name}")


def _home(line: str) -> str:
    match = re.search(r"\b(process\.env|import\.meta\.env)\.", line)
    return match[1] if match else ""
