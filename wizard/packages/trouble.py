"""What the error output of a package manager means, and what to do about it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wizard.packages.command import Command


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an install failed, in one line, and what to do next."""

    title: str
    hint: str = ""


_Rule = Callable[[str, Command, Sequence[str]], Trouble | None]

_NAME = r"(@?[A-Za-z0-9][\w.-]*(?:/[\w.-]+)?)"
_FULL_DISK = re.compile(r"ENOSPC|No space left on device|os error 28\b|not enough space on the disk", re.IGNORECASE)
_FROZEN = re.compile(
    r"ERR_PNPM_OUTDATED_LOCKFILE|ERR_PNPM_FROZEN_LOCKFILE|YN0028|lockfile had changes, but lockfile is frozen"
    r"|lockfile needs to be updated, but yarn was run with|needs to be updated, but `(?:--(?:locked|frozen)|UV_LOCKED)"
)
_OFFLINE = re.compile(
    r"\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|ConnectionRefused"
    r"|FailedToOpenSocket|UnableToResolve)\b|ERR_PNPM_META_FETCH_FAIL|NewConnectionError|ConnectTimeoutError"
    r"|Max retries exceeded with url|Temporary failure in name resolution|tcp connect error|dns error"
    r"|error sending request for url|All attempts to connect to|YN0001:.*RequestError"
)
_HOST = re.compile(
    r"(?:host='|https?://(?:[^@/\s]*@)?|getaddrinfo \w+ |attempts to connect to |connect \w+ )([A-Za-z0-9][\w.-]*\w)"
)
_CERTIFICATE = re.compile(
    r"SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(?:GET_ISSUER_CERT|VERIFY_LEAF_SIGNATURE)|CERTIFICATE_VERIFY_FAILED"
    r"|invalid peer certificate|self[- ]signed certificate"
)
_MISSING_VERSION = (
    re.compile(rf"No matching version found for {_NAME}@(\S+?)[.,]?(?:\s|$)"),
    re.compile(rf'Couldn\'t find any versions for "{_NAME}" that matches "([^"]+)"'),
    re.compile(rf"YN0082: .*?{_NAME}@npm:(\S+): No candidates found"),
    re.compile(r'No version matching "(?P<range>[^"]+)" found for specifier "(?P<name>[^"]+)"'),
    re.compile(rf"Could not find a version that satisfies the requirement {_NAME}([=<>!~][^\s(;]*)"),
    re.compile(rf"Because only {_NAME}[<>=!]\S* (?:is|are) available and .*? depends\s+on\s+\1([<>=!~]\S+?),"),
    re.compile(rf"{_NAME} \(([^)]+)\) which doesn't match any versions"),
)
_NOT_FOUND = (
    re.compile(rf"The requested resource '{_NAME}@"),
    re.compile(rf"{_NAME} is not in the npm registry"),
    re.compile(rf"404 .*?'{_NAME}@[^']*' is not in this registry"),
    re.compile(rf'Couldn\'t find package "{_NAME}(?:@[^"]*)?"'),
    re.compile(rf"YN0035: .*?{_NAME}@npm:\S+: Package not found"),
    re.compile(rf"- 404\nerror: {_NAME}@"),
    re.compile(rf"Because {_NAME} was not found in the package registry"),
    re.compile(rf"No matching distribution found for {_NAME}"),
)
_WANTED_MANAGER = re.compile(
    r'"packageManager": "(?P<yarn>[^"]+)"\. However the current global version of Yarn is (?P<has>[\w.-]+\w)'
    r"|configured to use v?(?P<pnpm>\S+) of pnpm\. Your current pnpm is v?(?P<its>\S+\w)"
)
_TOO_YOUNG = (
    re.compile(rf"of {_NAME} does not meet the minimumReleaseAge"),
    re.compile(rf'specifier "{_NAME}" \(blocked by minimum-release-age'),
    re.compile(rf"YN0016: .*?{_NAME}@npm:\S+: All versions satisfying .* are quarantined"),
    re.compile(rf"ENOVERSIONS\n(?:.*\n)*?.*No versions available for {_NAME}"),
    re.compile(rf"No matching version found for {_NAME}@\S+ with a date before"),
    re.compile(rf"Because {_NAME}[<>=!]\S* was published after the exclude newer time"),
)
_ENGINE = re.compile(r"EBADENGINE|ERR_PNPM_UNSUPPORTED_ENGINE|The engine \"?node\"? is incompatible")
_WANTED_NODE = re.compile(r'Required: \{"node":"([^"]+)"|Expected version:? "?([^"\n]+?)"?[.\s]*(?:Got|\n)')
_PYTHON_FLOOR = (
    re.compile(rf"{_NAME}(?:\[[^\]]*\])?(?:[<>=!~]=?\S*)? depends on Python([<>=!~]=?[\d.]+)"),
    re.compile(rf"{_NAME} requires Python ([^\s;]+)"),
    re.compile(r"requires a different Python: .*? not in '(?P<range>[^']+)'"),
)


def explain(output: str, command: Command, packages: Sequence[str] = ()) -> Trouble | None:
    """What a failed call was about; None for output that nobody has taught us.

    `packages` are the ones we asked for: trouble with another one is not ours, and the hint says so.
    """
    found = (rule(output, command, packages) for rule in _RULES)
    return next((trouble for trouble in found if trouble is not None), None)


def _full_disk(output: str, command: Command, packages: Sequence[str]) -> Trouble | None:
    if not _FULL_DISK.search(output):
        return None
    return Trouble("the disk is full", "Free some space, then run the same command again.")


def _externally_managed(output: str, command: Command, packages: Sequence[str]) -> Trouble | None:
    if "externally-managed-environment" not in output:
        return None
    return Trouble(
        "this Python belongs to the operating system (PEP 668)",
        "Make an environment for the project with `python -m venv .venv`, then run again.",
    )


def _peer_conflict(output: str, command: Command, packages: Sequence[str]) -> Trouble | None:
    if "ERESOLVE" not in output and "ERR_PNPM_PEER_DEP_ISSUES" not in output:
        return None
    peer = re.search(rf"peer(?:Optional)? {_NAME}@\"([^\"]*)\" from {_NAME}@", output)
    found = re.search(rf"Found: {_NAME}@(\S+)", output)
    if peer is None:
        return Trouble("peer dependencies of this project contradict each other", "Solve that first, then run again.")
    name, wanted, by = peer.groups()
    has = f", the project has {found[1]} {found[2]}" if found and found[1] == name else ""
    ours = "" if "posthog" in by + name or {by, name} & set(packages) else " Neither is a package of PostHog's."
    return Trouble(
        f"{by} and {name} contradict each other: {by} wants {name} {wanted}{has}",
        f"Bring the two into line, then run the install again.{ours}",
    )


def _workspace_protocol(output: str, command: Command, packages: Sequence[str]) -> Trouble | None:
    if "EUNSUPPORTEDPROTOCOL" not in output and "Unsupported URL Type" not in output:
        return None
    return Trouble(
        "npm cannot read `workspace:` or `catalog:` dependencies; this project belongs to another package manager",
        "Run again with --package-manager pnpm (or yarn, or bun).",
    )


def _frozen(output: str, command: Command, packages: Sequence[str]) -> Trouble | None:
    if not _FROZEN.search(output):
        return None
    return Trouble(
        "the lockfile is frozen by a setting and may not be updated",
        f"Lift that setting (CI, frozen-lockfile, immutable, locked), then run `{shlex.join(command.argv)}`.",
    )


def _engine(output: str, command: Command, packages: Sequence[str]) -> Trouble | None:
    # npm only warns of EBADENGINE unless engine-strict is set
    errors = "\n".join(line for line in output.splitlines() if not line.lower().startswith("npm warn"))
    if not _ENGINE.search(errors):
        return None
    wanted = _WANTED_NODE.search(errors)
    needs = f": {wanted[1] or wanted[2]} is wanted" if wanted else ""
    return Trouble(f"the Node.js version does not fit{needs}", "Switch to a Node.js version that fits, then run again.")


def _python_floor(output: str, command: Command, packages: Sequence[str]) -> Trouble | None:
    if not re.search(r"requested Python|supported Python range|requires a different Python|Requires-Python", output):
        return None
    for pattern in _PYTHON_FLOOR:
        if match := pattern.search(output):
            groups = match.groupdict()
            name, wanted = ("a package", groups["range"]) if groups else (match[1], match[2])
            return Trouble(
                f"{name} needs Python {wanted.rstrip(',')}, the project also supports older ones",
                "Raise requires-python in the manifest (or switch to a newer Python), then run again.",
            )
    return None


def _certificate(output: str, command: Command, packages: Sequence[str]) -> Trouble | None:
    if not _CERTIFICATE.search(output):
        return None
    return Trouble(
        "the registry's certificate is not trusted",
        "Behind a company proxy, point NODE_EXTRA_CA_CERTS (npm family) or SSL_CERT_FILE (Python) to its certificate.",
    )


def _offline(output: str, command: Command, packages: Sequence[str]) -> Trouble | None:
    match = _OFFLINE.search(output)
    if match is None:
        return None
    host = _HOST.search(output, output.rfind("\n", 0, match.start()) + 1) or _HOST.search(output)
    where = f" at {host[1]}" if host else ""
    return Trouble(
        f"the package registry{where} cannot be reached",
        f"Check the network and proxy settings, then run `{shlex.join(command.argv)}`.",
    )


def _missing_version(output: str, command: Command, packages: Sequence[str]) -> Trouble | None:
    if "(from versions: none)" in output:  # what pip says of an unknown package, and of a dead network too
        return None
    for pattern in _MISSING_VERSION:
        match = pattern.search(output)
        if match is None:
            continue
        named = match.groupdict()
        name, wanted = (named["name"], named["range"]) if named else (match[1], match[2])
        parent = re.search(r"while installing the dependencies of\s+(\S+)", output.replace("-\n  \u2502   ", "-"))
        if name in packages or (not packages and parent is None):
            hint = f"Choose a version that it has with --sdk-version {name}=VERSION."
        else:
            whose = f" {parent[1]} asks for it." if parent else ""
            hint = f"{name} is a dependency of a dependency.{whose} Retry later, or pin an older release of its parent."
        return Trouble(f"the registry has no {name} {wanted}", hint)
    return None


def _too_young(output: str, command: Command, packages: Sequence[str]) -> Trouble | None:
    match = next((match for pattern in _TOO_YOUNG if (match := pattern.search(output))), None)
    if match is None:
        return None
    return Trouble(
        f"no release of {match[1]} is as old as a setting of this project demands",
        f"Ask for an older one with --sdk-version {match[1]}=VERSION, or exempt it from that setting.",
    )


def _not_found(output: str, command: Command, packages: Sequence[str]) -> Trouble | None:
    for pattern in _NOT_FOUND:
        if match := pattern.search(output):
            # yarn 1 and pip say the same without a network
            is_unsure = 'on the "npm" registry' in output or "No matching distribution" in output
            reached = ", or it cannot be reached" if is_unsure else ""
            return Trouble(
                f"the registry does not know {match[1]}{reached}",
                "If it is private, log in to its registry first; behind a mirror, ask for the package to be mirrored.",
            )
    return None


def _other_manager(output: str, command: Command, packages: Sequence[str]) -> Trouble | None:
    wants = _WANTED_MANAGER.search(output)
    if wants is None:
        return None
    wanted, has = wants["yarn"] or f"pnpm@{wants['pnpm']}", wants["has"] or wants["its"]
    return Trouble(
        f"the project wants {wanted}, the one here is {has}",
        f"Let corepack provide it (`corepack enable`) or install it, then run `{shlex.join(command.argv)}`.",
    )


def _corepack(output: str, command: Command, packages: Sequence[str]) -> Trouble | None:
    if "corepack.cjs" not in output and "Corepack" not in output:
        return None
    return Trouble(
        f"corepack could not provide {command.argv[0]}",
        "Update corepack (`npm install -g corepack@latest`) or install the package manager itself.",
    )


_RULES: tuple[_Rule, ...] = (
    _full_disk,
    _externally_managed,
    _workspace_protocol,
    _peer_conflict,
    _frozen,
    _engine,
    _python_floor,
    _certificate,
    _other_manager,
    _corepack,
    _too_young,
    _missing_version,
    _offline,
    _not_found,
)
