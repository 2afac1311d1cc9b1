"""Content-Security-Policies of a project: where they are set, and what PostHog needs in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from wizard.answers import Answers
from wizard.asides import ASIDE
from wizard.changes import Note
from wizard.project import Project
from wizard.text import line_number

_SIGN = re.compile(
    r"content-security-policy(?!-report-only)|\bcontentSecurityPolicy\b(?!\s*:\s*false)|\bcontent_security_policy\b(?!_)"
    r"|\bhelmet\s*\((?!\s*\{[^}]{0,2000}contentSecurityPolicy\s*:\s*false)|\bCSP_(?:DEFAULT|SCRIPT|CONNECT)_SRC\b|\bSECURE_CSP\b",
    re.IGNORECASE,
)
_IN_CONFIG = re.compile(r"\bcsp\s*:\s*\{")
_QUICK = (b"ecurity", b"ECURITY", b"helmet", b"CSP", b"csp")
_FILES = "**/*.{html,js,jsx,ts,tsx,mjs,cjs,mts,cts,vue,svelte,astro,py,toml,conf}"
_NAMED = ("vercel.json", "staticwebapp.config.json", "firebase.json", "**/_headers")
_TEST_FILE = re.compile(r"(^test_|_test\.|\.(test|spec|stories)\.|\.min\.js$|\.d\.ts$)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a policy is set; `line` is 1-based, `path` relative to the app."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


def sites(project: Project, *, mentioned: bool = False) -> tuple[Place, ...]:
    """Files that set a policy; tests and examples do not count, nor, unless `mentioned`, those that name PostHog."""
    return tuple(_sites(project, mentioned))


def note(project: Project, answers: Answers, *, same_origin: bool = False) -> Iterator[Note]:
    """One note with exactly what the policies must allow; nothing when there are none.

    `same_origin`: events and scripts go through the app's own domain (a reverse proxy).
    Source: https://posthog.com/docs/advanced/content-security-policy and measurements with posthog-js 1.434.
    """
    found = sites(project)
    needs = _needs(answers, same_origin)
    if found and needs:
        places = ", ".join(map(str, found[:5]))
        yield Note(f"Allow PostHog in the Content-Security-Policy ({places})", "\n".join(needs))


def _needs(answers: Answers, same_origin: bool) -> list[str]:
    cloud = answers.hosts.region is not None
    hosts = "https://*.posthog.com" if cloud else answers.hosts.ingest
    needs = [] if same_origin else [f"script-src {hosts}", f"connect-src {hosts}"]
    # the recorder runs its compression in a worker made from a blob
    return [*needs, "worker-src 'self' blob: data:"] if answers.wants("session_replay") else needs


def _sites(project: Project, mentioned: bool) -> Iterator[Place]:
    for path in project.files(_FILES, *_NAMED):
        parts = PurePosixPath(path).parts
        if not ASIDE.isdisjoint(parts[:-1]) or _TEST_FILE.search(parts[-1]):
            continue
        data = project.bytes(path)
        if data is None or not any(word in data for word in _QUICK) or (b"posthog.com" in data and not mentioned):
            continue
        text = project.read(path) or ""
        config = re.fullmatch(r"(svelte|astro|nuxt)\.config\.\w+", parts[-1])
        match = _SIGN.search(text) or (_IN_CONFIG.search(text) if config else None)
        if match and not _commented(text, match.start()):
            yield Place(path, line_number(text, match.start()))


def _commented(text: str, position: int) -> bool:
    line = text[text.rfind("\n", 0, position) + 1 : position].lstrip()
    return line.startswith(("//", "#", "*", "/*", "<!--"))
