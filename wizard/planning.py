"""Makes the plan of several apps, each on a copy of the tree in memory that has the ones before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wizard.answers import Answers, Each
from wizard.apps import App
from wizard.choice import EVERYTHING, Selection
from wizard.deploy.shared import one_value
from wizard.errors import Bug, UsageError
from wizard.plan import AppPlan, Plan
from wizard.project import Project
from wizard.registry import load_plan
from wizard.resolver import Resolver


def make_plan(
    apps: Sequence[App],
    answers: Answers | Each,
    package_manager: str | None = None,
    selection: Selection = EVERYTHING,
) -> Plan:
    """Plan all apps, each on top of the ones before it; checked to be stable before anybody can apply it.

    Raises Bug when planning again on the result would change it once more, UsageError when `selection` names an edit
    that the plan does not have, or when two apps would need different values of one variable.
    """
    plan = draft(apps, answers, package_manager, selection)
    _refuse_one_place(plan, answers)
    selection.check([*(e.id for f in plan.files for e in f.edits), *(e.id for e in plan.left_out)])
    overlay = {f.path: f.after for f in plan.files}
    again = draft([replace(a, project=a.project.overlaid(overlay)) for a in apps], answers, package_manager, selection)
    if again.files:
        unstable = ", ".join(f.path for f in again.files)
        raise Bug(f"the plan is not stable: a second run would change {unstable} again; nothing was written")
    return _with_shared_places(plan, answers)


def _refuse_one_place(plan: Plan, answers: Answers | Each) -> None:
    """An env file holds one value of a variable: the apps that load it send to one project."""
    seen: dict[tuple[str, str], tuple[App, tuple[str | None, str]]] = {}
    for planned in plan.apps:
        app, its = planned.app, answers.of(planned.app)
        for name, file in planned.variables.items():
            path, wanted = app.project.within(file), (its.token, its.host)
            other, there = seen.setdefault((path, name), (app, wanted))
            if there != wanted:
                raise UsageError(
                    f"{other.path} and {app.path} both read {name} from {path}, so they send to one project",
                    "Give them the same token and host, or each an env file of its own.",
                )


def _with_shared_places(plan: Plan, answers: Answers | Each) -> Plan:
    """The plan with a note for each place elsewhere that has one value for apps of different projects."""
    wants = {(its.token, its.host) for its in (answers.of(planned.app) for planned in plan.apps)}
    if len(wants) < 2:
        return plan
    tree = plan.apps[0].app.project.overlaid({f.path: f.after for f in plan.files}).tree
    top = Project(tree, ".")

    def line_of(where: str) -> str:
        path, _, number = where.rpartition(":")
        lines = (top.read(path) or "").splitlines() if number.isdigit() else []
        return lines[int(number) - 1] if lines and int(number) <= len(lines) else ""

    asked = [(p.app.path, _values(p, answers.of(p.app)), p.deploy) for p in plan.apps]
    told = list(dict.fromkeys(one_value(asked, line_of)))
    noted = ((p, tuple(note for app, note in told if app == p.app.path)) for p in plan.apps)
    return Plan(tuple(replace(p, notes=(*p.notes, *notes)) for p, notes in noted))


def _values(planned: AppPlan, its: Answers) -> dict[str, str | None]:
    host = planned.app.framework.names(planned.app.project).host
    return {name: its.host if name == host else its.token for name in planned.variables}


def draft(
    apps: Sequence[App],
    answers: Answers | Each,
    package_manager: str | None = None,
    selection: Selection = EVERYTHING,
) -> Plan:
    """The same for those who only look at it: nothing is checked, so nobody may apply it."""
    planned: list[AppPlan] = []
    overlay: dict[str, bytes] = {}
    for app in apps:
        project = app.project.overlaid(overlay)
        its = answers.of(app)
        changes = load_plan(app.id)(project, its)
        resolver = Resolver(replace(app, project=project), its, package_manager, selection)
        planned.append(resolver.resolve(changes))
        overlay |= {f.path: f.after for f in planned[-1].files}
    return Plan(tuple(planned))
