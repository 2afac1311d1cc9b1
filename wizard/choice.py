"""Which of a plan's edits are wanted: by id, by path or by glob; and what was refused earlier."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from wizard.errors import UsageError

_WORDS = 12


def edit_id(path: str, why: str) -> str:
    """The name of an edit: its file and what it is for, `app/layout.tsx#starts-posthog-in-the-browser`."""
    words = re.findall(r"[a-z0-9]+", why.lower())
    return f"{path}#{'-'.join(words[:_WORDS])}"


def matches(pattern: str, edit: str) -> bool:
    """Does `pattern` (an edit's id, a path, or a glob of either) name the edit with this id?"""
    path = edit.rpartition("#")[0]
    return pattern in (edit, path) or fnmatchcase(edit, pattern) or fnmatchcase(path, pattern)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a person takes of a plan. `refused` are ids that were refused in an earlier run; `only` is stronger.

    `uninstalled` are the directories of the apps whose edits an earlier run wrote without coming to install.
    """

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    refused: frozenset[str] = frozenset()
    uninstalled: frozenset[str] = frozenset()

    def against(self, edit: str) -> str | None:
        """Why the edit is left out; None when it is wanted."""
        if any(matches(pattern, edit) for pattern in self.skip):
            return "skipped"
        if self.only:
            return None if any(matches(pattern, edit) for pattern in self.only) else "not in --only"
        return "refused earlier" if edit in self.refused else None

    def without(self, edits: Iterable[str]) -> Selection:
        """The same with more edits skipped."""
        return replace(self, skip=tuple(dict.fromkeys((*self.skip, *edits))))

    def check(self, edits: Iterable[str]) -> None:
        """Raises UsageError when a pattern names none of `edits` (all of a plan's ids, chosen or not)."""
        known = tuple(dict.fromkeys(edits))
        for flag, patterns in (("--only", self.only), ("--skip", self.skip)):
            for pattern in patterns:
                if known and not any(matches(pattern, edit) for edit in known):
                    listing = "".join(f"\n  {edit}" for edit in known)
                    raise UsageError(f"{flag} {pattern} names no edit of this plan, which has:{listing}")


EVERYTHING = Selection()
"""Every edit is wanted."""
