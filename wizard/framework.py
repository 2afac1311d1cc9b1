"""What a folder in `frameworks/` declares: identity, detection, options, names. Data, cheap to import."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from wizard import environment
from wizard.detect import Detector
from wizard.environment import Names
from wizard.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """One supported framework; its id is the name of its folder.

    `package` is what its version is read from. `supersedes` names the frameworks that lose against this one in the
    same directory. `options` are the keys of `answers.OPTIONS` that change its plan. `env_prefix` and `env_file` are
    the defaults for variables that reach the running code; `env_names` and `env_folder` tell for one app, where its own
    configuration can say otherwise. `serves`: a server half reads the variables without that prefix. `emits` are the
    events that the SDK, set up as the plan does it, sends by itself unless its options say otherwise.
    """

    name: str
    language: Literal["javascript", "python"]
    runtime: Literal["browser", "server"]
    package: str
    docs: str
    detect: Detector
    supports: str
    supersedes: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    env_prefix: str = ""
    serves: bool = False
    env_file: str = ".env"
    variant: Callable[[Project], str] = lambda project: ""
    env_names: Callable[[Project], Names] | None = None
    env_folder: Callable[[Project], str] = environment.env_folder
    emits: tuple[str, ...] = ()

    def bundles(self, name: str) -> bool:
        """Is a variable of that name written into what is built, rather than read when the app runs?"""
        return self.runtime == "browser" and (name.startswith(self.env_prefix) or not self.serves)

    def names(self, project: Project) -> Names:
        """The names under which an app of this framework reads token and host."""
        return self.env_names(project) if self.env_names else environment.names(project, self.env_prefix)


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start an app for `verify`, as argv in the app's directory; `url` is what a visitor opens first.

    `build` runs to its end before `argv` starts. `env` is added to the process environment. The app must listen on
    the port of `url`; with None, where it listens is read in its own output. Nothing of it outlives the verification.
    """

    argv: tuple[str, ...]
    url: str | None
    build: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
