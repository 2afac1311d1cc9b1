"""What an app that does not run says is wrong with it, told in its own output: a database, a package, a setting."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from wizard.emits.emission import Cause
from wizard.posthog.tokens import redact

_AGAIN = "then verify again."
_MEND = f"Mend what the app itself says, {_AGAIN}"
_STORE = r"\b(?i:postgres\w*|mysql|mariadb|mongo\w*|redis|database|db)\b"
_HOSTS = r"(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN)\b[^\n]*"


@dataclass(frozen=True, slots=True)
class _Kind:
    """One thing that apps complain of. `said` finds the line, `text` and `hint` are for people."""

    name: str
    said: re.Pattern[str]
    text: str
    hint: str


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.MULTILINE)


_KINDS = (
    _Kind(
        "sdk-import",
        _any(r"^.*(?:Cannot find (?:module|package)|No module named) ['\"](?:posthog|@posthog/).*$"),
        "the PostHog SDK is not installed",
        f"Install the app's packages, {_AGAIN}",
    ),
    _Kind(
        "port-taken",
        _any(
            r"^.*\bEADDRINUSE\b.*$",
            r"^.*(?i:address (?:is )?already in use).*$",
            r"^.*(?i:port \S+ is (?:already )?(?:in use|taken)).*$",
        ),
        "its port is already taken",
        f"Stop what uses the port (an earlier start of the app?), {_AGAIN}",
    ),
    _Kind(
        "missing-package",
        _any(
            r"^.*\b(?:ModuleNotFoundError|ImportError): No module named .*$",
            r"^.*Cannot find (?:module|package) '(?![./]|[A-Za-z]:\\|node:).*$",
            r"^npm error npx canceled due to missing packages.*$",
            r"^sh: (?:\d+: )?\S+: (?:command )?not found$",
        ),
        "a package of its own is not installed",
        f"Install the app's packages, {_AGAIN}",
    ),
    _Kind(
        "packages-misfit",
        _any(r"^ImportError: cannot import name .* \([^)\n]*(?:site|dist)-packages[^)\n]*\)$"),
        "versions of its packages do not fit each other",
        f"Install the versions that the project names, {_AGAIN}",
    ),
    _Kind(
        "needs-migration",
        _any(
            r"^.*\bno such table: .*$",
            r"^.*relation \"[^\"\n]+\" does not exist.*$",
            r"^.*Table '[^'\n]+' doesn't exist.*$",
            r"^.*The table `[^`\n]+` does not exist in the current database.*$",
        ),
        "its database has no tables yet",
        f"Run the project's own migrations, {_AGAIN}",
    ),
    _Kind(
        "needs-database",
        _any(
            rf"^.*{_HOSTS}:(?:5432|5433|3306|27017|6379|1433|1521|26257)\b.*$",
            r"^.*(?:ENOTFOUND|EAI_AGAIN) \S*(?:db|database|postgres|mysql|maria|mongo|redis)\S*.*$",
            r"^.*\bMongo(?:ose)?(?:ServerSelection|Network|Parse|InvalidArgument)\w*Error\b.*$",
            r"^.*MongooseError: The `uri` parameter .*$",
            r"^.*(?:P1000|P1001|P1003|Can't reach database server|Environment variable not found: DATABASE_URL).*$",
            r"^.*\b(?:psycopg2?|asyncpg|MySQLdb|pymysql|pymongo|redis|aioredis)\.[\w.]*(?:Operational|Connection|"
            r"ServerSelectionTimeout|CannotConnectNow|Timeout)\w*Error\b.*$",
            r"^.*connection to server (?:at|on) .* failed.*$",
            r"^.*could not (?:connect to server|translate host name).*$",
            r"^.*\bSequelize(?:Connection\w*|HostNotFound\w*|AccessDenied)Error\b.*$",
            r"^.*Error \d+ connecting to [\w.-]+:\d+.*$",
            r"^.*Can't connect to (?:local )?(?:MySQL|MariaDB)\b.*$",
            rf"^.*{_STORE}[^\n]*(?:connection (?:error|failed|refused)|[Ff]ailed to connect|unable to connect).*$",
            rf"^.*(?:[Ff]ailed|[Uu]nable) to connect to (?:the )?(?:\w+ )?{_STORE}.*$",
            r"^.*\b(?:DATABASE_URL|MONGO(?:DB)?_UR[IL]|POSTGRES_URL|DB_(?:HOST|URL))\b[^\n]*"
            r"(?:is not (?:set|defined)|missing|required|not found|undefined|must be).*$",
        ),
        "it needs a database that is not there",
        f"Start the database and give the app its address (in its env file), {_AGAIN}",
    ),
    _Kind(
        "needs-network",
        _any(r"^.*getaddrinfo (?:ENOTFOUND|EAI_AGAIN) .*$", r"^.*\bTemporary failure in name resolution\b.*$"),
        "it asks a server that this machine does not reach",
        f"Look at the network, {_AGAIN}",
    ),
    _Kind(
        "missing-settings",
        _any(
            r"^.*(?i:invalid environment variables?|missing (?:required )?env\w* ?(?:variables?|vars?)).*$",
            r"^.*(?i:environment variables? [\"'`]?\w+[\"'`]? (?:is|are) (?:not set|missing|required|not defined)).*$",
            r"^.*(?i:set the [\"'`]?[A-Z_0-9]+[\"'`]? environment variable).*$",
            r"^.*\b[A-Z][A-Z0-9]*_[A-Z0-9_]+[\"'`]? (?:is|are) (?:not set|required|missing|not defined|undefined)\b.*$",
            r"^KeyError: '[A-Z][A-Z0-9_]+'$",
            r"^.*\bImproperlyConfigured: .*$",
            r"^.*\bdecouple\.UndefinedValueError: .*$",
            r"^pydantic_core\.\S*ValidationError: \d+ validation errors? for \w*(?:Settings|Config)\w*$",
            r"^.*Config(?:uration)? validation error: .*$",
            r"^.*variables were defined in .* but are not present in the environment.*$",
            r"^node: [\w./-]*\.env[\w.-]*: not found$",
            r"^.*\bSECRET_KEY setting must not be empty.*$",
        ),
        "it wants settings of its own first",
        f"Set them in the app's env file (an .env.example may list them), {_AGAIN}",
    ),
)

_BESIDE = re.compile(r"^(?:[ \t>]*\d+ ?\||.*(?:\bPostHog: |POSTHOG_)).*\n?", re.MULTILINE)
"""Lines of source code that a compiler shows, and what our own set-up says of its variables: no reason to end."""

_CRASHED = re.compile(
    r"app crashed - waiting for file changes|^Failed running '|Waiting for file changes before restarting", re.MULTILINE
)
"""What nodemon and `node --watch` say when an app has ended and they wait for its author."""


def complaint(output: str) -> Cause | None:
    """The first kind of trouble that the output of an app tells of; `text` ends in the app's own line.

    The database comes before what follows from its absence; None when nothing is known.
    """
    output = _BESIDE.sub("", output)
    for kind in _KINDS:
        if found := kind.said.search(output):
            line = " ".join(redact(found[0]).split())[:300]
            return Cause(kind.name, f"{kind.text} ({line})", kind.hint)
    return None


def crashed(output: str) -> bool:
    """Does a watcher say that the app has ended?"""
    return _CRASHED.search(output) is not None


@dataclass
class Impatience:
    """Watches the output of an app that does not answer, and says when it will not any more.

    A missing database is final once it was told of for `patience` seconds, as clients try again for a while. So is a
    crash under a watcher when nothing more was printed for as long: it may have come before a build was done.
    """

    read: Callable[[], str]
    patience: float
    _next: float = 1.0
    _output: str = ""
    _printed: float = 0.0
    _told: float | None = None

    def trouble(self, now: float) -> Cause | None:
        """The cause, at `now` seconds since the start; the output is read once a second at most."""
        if now < self._next:
            return None
        self._next = now + 1.0
        output = self.read()
        if output != self._output:
            self._output, self._printed = output, now
        cause = complaint(output)
        if cause is None or cause.name != "needs-database":
            self._told = None
        elif self._told is None:
            self._told = now
        if self._told is not None and now - self._told >= self.patience:
            return cause
        if crashed(output) and now - self._printed >= self.patience:
            return cause or Cause("app-ended", "it crashed, and its watcher waits for a change", _MEND)
        return None
