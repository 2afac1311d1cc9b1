"""What the project itself says about its PostHog: which variables hold token and host, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from wizard import csp
from wizard.codemods import dotenv
from wizard.environment import Names
from wizard.errors import UsageError
from wizard.posthog import hosts as posthog_hosts
from wizard.posthog.hosts import Hosts
from wizard.project import Project, normal

_FILES = (".env.local", ".env.development.local", ".env.development", ".env")
_LATER = (".env.production.local", ".env.production")
_TOKEN_LIKE = re.compile(r"(?:\w+_)?(?:POSTHOG|PH)_(?:\w+_)?(?:KEY|TOKEN)")
_OURS = re.compile(r"POSTHOG|(?:^|_)PH_")
_HOST_LIKE = re.compile(r"(?:^|_)(?:POSTHOG|PH)_(?:\w+_)?(?:HOST|URL)$")
_ABOVE = re.compile(r"\.\./\.env\b")
_SECRET_LIKE = re.compile(r"PERSONAL|SECRET|PRIVATE|CLI_")
_SOURCES = "**/*.{js,jsx,ts,tsx,mjs,cjs,mts,cts,vue,svelte,astro,html,py}"
_READ = re.compile(
    r"""(?:\benv\??\.|\benv[\[(]["']|\bgetenv\(["']|\benviron\[["']|\benviron\.get\(["']|\bconfig\(["'])(\w+)"""
)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a proof is held against. Texts are sentences without a final stop; "" where nothing is wrong.

    `reads_host` says that the project has a variable for the host.
    `variable` says what is wrong with the token's variable, and is only told when no event came: the code may do
    without. `holder` tells which variable of which env file has a value. `region` says why events that arrive here
    would go astray in earnest. `policy_places` are the files that set a Content-Security-Policy.
    """

    hosts: Hosts | None = None
    token: str | None = field(default=None, repr=False)
    names: Names | None = None
    variable: str = ""
    region: str = ""
    shell_token: str = ""
    reads_host: bool = True
    host_variables: tuple[str, ...] = ()
    policy_places: Callable[[], tuple[str, ...]] = tuple
    holder: Callable[[str], str] = lambda token: ""


def expected(
    project: Project, names: Names, folder: str, prefix: str, hosts: Hosts, token: str | None, shell: Mapping[str, str]
) -> Expected:
    """Read it in the project's env files in `folder`, in the code and in the `shell` that the app is started from.

    `prefix` is what names must begin with to reach the code of a page; "" where all do.
    """
    values, later = _values(project, folder), _values(project, folder, _LATER)
    read, written = _read_in_code(project)
    shell_token = shell.get(names.token, "").strip()
    return Expected(
        hosts,
        token,
        names,
        _variable(names, prefix, values, later, read, shell),
        _region(names, values, hosts, shell) or _no_region(names, values, hosts, shell, read, written),
        names.token if shell_token and token and shell_token != token else "",
        names.host in read or names.host in values,
        tuple(dict.fromkeys((names.host, *(n for n in read if _HOST_LIKE.search(n))))),
        lambda: tuple(str(place) for place in csp.sites(project, mentioned=True)[:3]),
        lambda token: next((f"{name} in {place}" for name, (value, place) in values.items() if value == token), ""),
    )


def prefix_of(names: Names, usual: str) -> str:
    """What a name must begin with to reach a page: the framework's `usual` prefix, or the one its own config says."""
    if not usual or names.token.startswith(usual):
        return usual
    return names.token.partition("POSTHOG")[0].removesuffix("PUBLIC_")


def file_value(project: Project, name: str, folder: str) -> str | None:
    """What the project's own env files give a variable; None when they do not."""
    there = _values(project, folder).get(name)
    return there[0] if there else None


def _values(project: Project, folder: str, files: tuple[str, ...] = _FILES) -> dict[str, tuple[str, str]]:
    """`name -> (value, file)` of env files, the one that wins in development first."""
    found: dict[str, tuple[str, str]] = {}
    folders = (folder, ".", *(project.upwards() if _reads_above(project) else ()))
    for path in dict.fromkeys(normal(f"{place}/{file}") for place in folders for file in files):
        for name, value in dotenv.read(project.read(path) or "").items():
            if value and name not in found:
                found[name] = (value, path)
    return found


def _reads_above(project: Project) -> bool:
    """Do the app's scripts or its code name an env file of a folder above, as apps of a monorepo do?"""
    texts = (project.read("package.json") or "", *(text for _, text in project.sources(_SOURCES)))
    return any(_ABOVE.search(text) for text in texts if ".env" in text)


def _read_in_code(project: Project) -> tuple[tuple[str, ...], bool]:
    """Variables of PostHog that the code reads, in the order of the files, and whether it names a host itself."""
    names: dict[str, None] = {}
    written = False
    for _, text in project.sources(_SOURCES):
        if "POSTHOG" in text or "PH_" in text:
            names |= dict.fromkeys(name for name in _READ.findall(text) if _OURS.search(name))
            written |= bool(re.search(r"api_host['\"]?\s*:\s*['\"]|\.i\.posthog\.com", text))
    return tuple(names), written


def _variable(
    names: Names,
    prefix: str,
    values: Mapping[str, tuple[str, str]],
    later: Mapping[str, tuple[str, str]],
    read: tuple[str, ...],
    shell: Mapping[str, str],
) -> str:
    asked = [name for name in read if _TOKEN_LIKE.fullmatch(name) and not _SECRET_LIKE.search(name)] or [names.token]
    if any((name in values or shell.get(name, "").strip()) and name.startswith(prefix) for name in asked):
        return ""
    name = next((n for n in asked if n.startswith(prefix)), names.token)
    if there := next((later[n][1] for n in asked if n in later and n.startswith(prefix)), None):
        return f"only {there} sets {name}, and what is started for development does not read that file"
    others = [(n, v[1]) for n, v in values.items() if _TOKEN_LIKE.fullmatch(n) and not _SECRET_LIKE.search(n)]
    others += [(n, "the shell") for n in shell if _TOKEN_LIKE.fullmatch(n) and shell[n].startswith("phc_")]
    if not others:
        return f"{name} is not set: no env file of the project has it, nor has this shell"
    other, place = others[0]
    if prefix and not other.startswith(prefix):
        reaches = f"only names that begin with {prefix} reach the page"
        return f"{place} sets {other}, but {reaches}: call it {name}"
    return f"{place} sets {other}, but the app reads {name}"


def _region(names: Names, values: Mapping[str, tuple[str, str]], hosts: Hosts, shell: Mapping[str, str]) -> str:
    """An own host in the variable may be a proxy in front of any region: nothing is said about it."""
    if value := shell.get(names.host, "").strip():
        place = "this shell"
    elif names.host in values:
        value, place = values[names.host]
    else:
        return ""
    try:
        there = posthog_hosts.of(value)
    except UsageError:
        return f"{names.host} in {place} is no URL"
    if there.region is None or there.ingest == hosts.ingest:
        return ""
    return f"{names.host} in {place} is {there.ingest}, but the project is at {hosts.ingest}"


def _no_region(
    names: Names,
    values: Mapping[str, tuple[str, str]],
    hosts: Hosts,
    shell: Mapping[str, str],
    read: tuple[str, ...],
    written: bool,
) -> str:
    """The SDKs take US Cloud when the code gives them an empty variable."""
    if hosts.region == "us" or written or names.host not in read or names.token not in values:
        return ""
    if names.host in values or shell.get(names.host, "").strip():
        return ""
    default = posthog_hosts.cloud("us").ingest
    return f"{names.host} is not set, so that the SDK sends to {default}, but the project is at {hosts.ingest}"
