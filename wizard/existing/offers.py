"""What a plan says about a set-up that is there already: it stays as it is; what it lacks is offered, never written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from wizard import environment
from wizard.answers import Answers
from wizard.changes import Change, Note, SetEnv
from wizard.codemods import dotenv
from wizard.existing import Site, is_own, survey
from wizard.existing.set_up import Runtime
from wizard.packages import npm, pypi
from wizard.project import Project, normal

DEFAULTS = "2026-01-30"
_SECOND = {
    "snippet": "Both run in the same page: snippet and package are two instances, and each sends its own events.",
    "browser": "Both run in the same page: the call that runs first counts, and the SDK ignores the other.",
    "server": "Both run in the same process: each client has its own queue and its own options.",
}
_ENV_FILES = (
    ".env .env.local .env.development .env.development.local .env.production .env.production.local .env.test .flaskenv "
    ".envrc .dev.vars"
).split()
_DEPLOYED = (
    "*compose*.{yml,yaml}",
    "**/*.{yml,yaml,tf,toml}",
    "**/Dockerfile*",
    "vercel.json",
    "*.config.*",
    ".envs/**",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """The set-ups of one runtime as a plan sees them: `elsewhere` in other files than its own, and in its `own`."""

    project: Project
    elsewhere: tuple[Site, ...]
    own: tuple[Site, ...]
    idle: tuple[Site, ...]
    doubles: tuple[tuple[Site, Site], ...]

    @property
    def inside(self) -> tuple[Site, ...]:
        """Those `elsewhere` that need the SDK among the app's own dependencies: snippets and other packages do not."""
        here = (site for site in self.elsewhere if is_own(self.project, site))
        return tuple(site for site in here if site.set_up.kind not in ("snippet", "integration"))


def standing(
    project: Project,
    language: str,
    runtime: Runtime,
    besides: tuple[str, ...] = (),
    starts: tuple[str, ...] = (),
    unused: tuple[str, ...] = (),
) -> Standing:
    """Look at a project. `besides` are the plan's own files, `starts` files that start the app.

    `unused` are files that would be loaded by their names, but not by this version of the framework.
    """
    found = survey(project, language, starts, unused)
    active = [site for site in found.sites if site.runtime == runtime]
    return Standing(
        project,
        tuple(site for site in active if site.path not in besides),
        tuple(site for site in active if site.path in besides),
        tuple(site for site in found.idle if site.runtime == runtime and site.path not in besides),
        tuple(pair for pair in found.doubles if pair[0].runtime == runtime),
    )


def kept(there: Standing, answers: Answers, env_file: str = "", without: tuple[str, ...] = ()) -> Iterator[Change]:
    """The changes of a plan that leaves a set-up alone: the variable it reads, and what is worth knowing.

    `without` are options of the answers that this framework reads elsewhere than in the client.
    """
    first = there.elsewhere[0]
    unread = first.set_up.options is None and first.set_up.kind in ("init", "provider", "client")
    hint = (
        " Its options cannot be read here (a spread, a variable or a computed key): nothing is offered."
        if unread
        else ""
    )
    yield Note(f"PostHog is already set up: {first}", f"Left as it is.{hint}")
    yield from _doubled(there)
    for site in there.elsewhere:
        yield from _offer(there.project, site, answers, without)
    yield from _variable(there, answers, env_file)
    yield from not_loaded(there)


def remarks(there: Standing, answers: Answers) -> Iterator[Note]:
    """What a plan that goes on says about set-ups: its own, maybe tuned since, and those that nothing loads."""
    yield from _doubled(there)
    for site in there.own:
        if site.runtime == "browser":
            yield from _offer(there.project, site, answers, ())
    yield from not_loaded(there)


def not_loaded(there: Standing) -> Iterator[Note]:
    """The set-ups in files that the app does not load."""
    if there.idle:
        body = "\n".join(map(str, there.idle))
        yield Note(f"Does not count as a set-up, since the app does not load {there.idle[0].path}", body)


def _doubled(there: Standing) -> Iterator[Note]:
    for one, other in there.doubles:
        kinds = {one.set_up.kind, other.set_up.kind}
        how = "snippet" if "snippet" in kinds and len(kinds) > 1 else one.runtime
        yield Note(f"PostHog is set up twice: {one.place} and {other.place}", f"{one}\n{other}\n{_SECOND[how]}")


def _offer(project: Project, site: Site, answers: Answers, without: tuple[str, ...]) -> Iterator[Note]:
    options = site.set_up.options
    if options is None:
        return
    if site.runtime == "browser":
        wanted = _browser(project, site, answers)
    elif site.path.endswith(".py"):
        wanted = _python(project, site, answers, without)
    else:
        wanted = _node(project, answers, without)
    missing = {key: value for key, value in wanted if key not in options.values}
    if not missing:
        return
    quote = "'" if any(value.startswith("'") for value in options.values.values()) else '"'
    shape = {"module": "{}{} = {}", "client": "{}{}={},"}.get(site.set_up.kind, "") if site.path.endswith(".py") else ""
    lines = [(shape or "{}{}: {},").format(options.prefix, k, v.replace('"', quote)) for k, v in missing.items()]
    if options.call and site.set_up.kind == "provider":
        lines = [f"options={{{{ {' '.join(lines).rstrip(',')} }}}}"]
    elif options.call:
        lines = [f"{{ {' '.join(lines).rstrip(',')} }}"]
    how = "below" if site.set_up.kind == "module" else "to the options in"
    how = "as the second argument in" if options.call and site.set_up.kind != "provider" else how
    yield Note(f"Worth adding {how} {site.path}:{options.line}: {', '.join(missing)}", "\n".join(lines))


def _browser(project: Project, site: Site, answers: Answers) -> Iterator[tuple[str, str]]:
    snippet, values = site.set_up.kind == "snippet", site.set_up.options.values if site.set_up.options else {}

    def knows(version: str) -> bool:
        return snippet or npm.at_least(project, "posthog-js", version)

    host = _text(project, values.get("api_host", ""), site)
    if _is_proxy(host, answers) and answers.hosts.region is not None:
        yield "ui_host", f'"{answers.hosts.app}"'
    # with these defaults the SDK counts page views of single-page apps itself
    if knows("1.335") and ("capture_pageview" in values or not _counts_page_views(project)):
        yield "defaults", f'"{DEFAULTS}"'
    if answers.wants("error_tracking") and knows("1.220"):
        yield "capture_exceptions", "true"
    if not answers.wants("autocapture"):
        yield "autocapture", "false"
    if not answers.wants("session_replay"):
        yield "disable_session_recording", "true"
    if not answers.wants("heatmaps") and "enable_heatmaps" not in values:
        yield "capture_heatmaps", "false"
    if not answers.wants("web_vitals"):
        yield "capture_performance", "{ web_vitals: false }"
    if not answers.wants("surveys"):
        yield "disable_surveys", "true"


def _is_proxy(host: str, answers: Answers) -> bool:
    if host.startswith("/"):
        return True
    return (
        host.startswith("http") and not re.search(r"//[\w.-]*\bposthog\.com\b", host) and host != answers.hosts.ingest
    )


def _text(project: Project, value: str, site: Site) -> str:
    """A host as far as it can be told: a string, or the value of the variable that holds it."""
    if match := re.fullmatch(r"""["'`]([^"'`$]*)["'`]""", value):
        return match[1]
    variable = site.set_up.variables[1]
    found = environment.current(project, variable) if variable else None
    return found[0] if found else ""


def _counts_page_views(project: Project) -> bool:
    sources = project.sources("**/*.{js,jsx,ts,tsx,mjs,vue,svelte,astro}")
    return any(re.search(r"[\"'`]\$pageview[\"'`]", text) for _, text in sources)


def _node(project: Project, answers: Answers, without: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if answers.hosts.region != "us":
        yield "host", f'"{answers.hosts.ingest}"'
    known = npm.at_least(project, "posthog-node", "4.10")
    if answers.wants("error_tracking") and "error_tracking" not in without and known:
        yield "enableExceptionAutocapture", "true"


def _python(project: Project, site: Site, answers: Answers, without: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if answers.hosts.region != "us":
        yield "host", f'"{answers.hosts.ingest}"'
    known = pypi.at_least(project, "posthog", "4.0") and "asynchronous" not in site.reason
    if answers.wants("error_tracking") and "error_tracking" not in without and known:
        yield "enable_exception_autocapture", "True"


def _variable(there: Standing, answers: Answers, env_file: str) -> Iterator[Change]:
    """The variables that a set-up reads, when nothing in the project gives them a value."""
    site = next((site for site in there.elsewhere if site.set_up.variables[0]), None)
    if site is None:
        return
    token, host = site.set_up.variables
    if token is None or _is_given(there.project, token, env_file):
        return
    # an app without any env file gets its variables in another way; a run without a token looks only at the code
    if answers.token is not None and _keeps_env_files(there.project, env_file):
        yield SetEnv(token, answers.token, env_file)
        if host is not None and not _is_given(there.project, host, env_file):
            yield SetEnv(host, answers.host, env_file)
        yield Note(f"Set {token} where the app is built and run, too", f"{site.place} reads it.")
        return
    yield Note(f"Nothing here sets {token}, which {site.place} reads", "Set it where the app is built and run.")


def _keeps_env_files(project: Project, env_file: str) -> bool:
    names = (*_ENV_FILES, *environment.EXAMPLES)
    return any(project.exists(path) for path in _beside(project, env_file, names))


def _is_given(project: Project, name: str, env_file: str) -> bool:
    files = _beside(project, env_file, _ENV_FILES)
    values = [project.read(path) or "" for path in files]
    # a bare name is what a run without a token leaves for a later one
    texts = [text for text in values if dotenv.read(text).get(name) != ""]
    texts += [project.read(path) or "" for path in project.files(*_DEPLOYED)]
    return any(re.search(rf"\b{re.escape(name)}\b", text) for text in texts)


def _beside(project: Project, env_file: str, names: Sequence[str]) -> list[str]:
    """Paths of these names in the app, in the directories above it, and where the app's env file is."""
    folders = dict.fromkeys([*project.upwards(), str(PurePosixPath(env_file or ".env").parent)])
    return [*dict.fromkeys(normal(f"{folder}/{name}") for folder in folders for name in names), env_file or ".env"]
