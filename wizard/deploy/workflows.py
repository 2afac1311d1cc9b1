"""GitHub workflows: a job that builds this app and ships what it built gives the build its variables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wizard.codemods.dockerfile import BUILDS
from wizard.codemods.yaml import Node, read
from wizard.deploy.place import Place, mentioned
from wizard.deploy.surface import Finding, Variable, lacking
from wizard.errors import CannotEdit

_SHIPS = re.compile(
    r"deploy|publish|pages|docker/build-push-action|docker push|s3 sync|rsync|\bscp\b|gh-pages|wrangler|firebase"
    r"|gcloud|\baz \b|\becs\b|cloudfront|ssh-action",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(r"\bvercel\b|flyctl deploy|\bfly deploy|railway up|render\.com/deploy|heroku")
"""Hosts that build by themselves, from the variables that they keep."""

_TESTS = re.compile(
    r"(?:^|[^a-z])(?:e2e|tests?|testing|lint|checks?|validat\w*|previews?|benchmarks?)(?:[^a-z]|$)", re.I
)
"""In the name of a file or a job: what is built there is thrown away."""

_ACTIONS = re.compile(r"^(?:withastro/action|tauri-apps/tauri-action|Azure/static-web-apps-deploy)@", re.IGNORECASE)
"""Actions that build the app themselves, with the variables of their step and job, and ship it."""

_IMAGE = re.compile(r"docker(?:\s+buildx)?\s+build\b|docker/build-push-action")


def workflows(place: Place) -> Iterator[Finding]:
    """Each job that builds and ships the app, in the workflows at the repository's top."""
    names = place.names("build")
    top = place.directories[-1]
    for path in place.listed(top, ".github/workflows/*.{yml,yaml}") if names else ():
        text = place.read(path)
        if (
            text is None
            or _TESTS.search(path.rpartition("/")[2])
            or not _SHIPS.search(text)
            or not (BUILDS.search(text) or _IMAGE.search(text) or "uses:" in text)
        ):
            continue
        try:
            root = read(text)
        except CannotEdit:
            continue
        if not _runs_on_events(root):
            continue
        jobs = root.at("jobs")
        for key in jobs.names() if jobs is not None and jobs.kind == "map" else ():
            job = jobs.get(key) if jobs is not None else None
            if job is not None and job.kind == "map" and not _TESTS.search(key) and _ships(job, text):
                yield from _job(place, path, text, root, key, job, names)


def _runs_on_events(root: Node) -> bool:
    """Is it a workflow that pushes start? `on` may be read as the boolean true by YAML 1.1; its text is kept."""
    on = root.at("on")
    if on is None:
        return False
    events = on.names() if on.kind == "map" else tuple(i.value for i in on.items) if on.items else (on.value,)
    return any(event not in ("pull_request", "pull_request_target", "schedule") for event in events)


def _steps(job: Node) -> list[Node]:
    steps = job.at("steps")
    return [step for step in steps.items if step.kind == "map"] if steps is not None else []


def _ships(job: Node, text: str) -> bool:
    """Does the job put what it builds somewhere, or hand it to one that does?"""
    done = [f"{step.text('uses') or ''} {step.text('run') or ''}" for step in _steps(job)]
    if any(_ELSEWHERE.search(line) for line in done):
        return False
    if any(_SHIPS.search(line) or _ACTIONS.search(line) for line in done):
        return any(
            _pushes(step) or "build-push" not in (step.text("uses") or "")
            for step in _steps(job)
            if _SHIPS.search(line := f"{step.text('uses') or ''} {step.text('run') or ''}") or _ACTIONS.search(line)
        )
    return any("upload-artifact" in line for line in done) and re.search(r"uses: \S*deploy|\bneeds:", text) is not None


def _pushes(step: Node) -> bool:
    """Does docker/build-push-action push? By an expression, it does at times. Source: its README, `push`, `outputs`."""
    return step.text("with", "push") not in ("false", None) or bool(
        re.search(r"push=true|type=registry", step.text("with", "outputs") or "")
    )


def _job(
    place: Place, path: str, text: str, root: Node, key: str, job: Node, names: tuple[str, ...]
) -> Iterator[Finding]:
    for step in _steps(job):
        command, uses = step.text("run") or "", step.text("uses") or ""
        image = bool(_IMAGE.search(f"{uses} {command}"))
        if not (image or BUILDS.search(command) or _ACTIONS.search(uses)) or not _is_ours(place, text, job, step, root):
            continue
        scopes = [n for n in (step.at("env"), job.at("env"), root.at("env")) if n is not None]
        if image:
            given = f"{step.text('with', 'build-args') or ''} {command}"
            variables = tuple(
                Variable(n, "there" if mentioned(given, n) else "missing", path if mentioned(given, n) else "")
                for n in names
            )
        else:
            variables = tuple(_in_scopes(place, path, scopes, n, text, job, step) for n in names)
        lack = lacking(variables)
        where = place.line(path, step.start)
        entry = "in with.build-args: NAME=${{ vars.NAME }}" if image else "in env: NAME: ${{ vars.NAME }}"
        how = [f"gh variable set {name}" for name in lack]
        how += [f"{entry.replace('NAME', name)}" for name in lack]
        title, then = f"GitHub workflow, job {key}", "It counts from the next run on."
        yield Finding("github", title, where, "build", variables, tuple(how), then, part=key)
        return


def _in_scopes(place: Place, path: str, scopes: list[Node], name: str, text: str, job: Node, step: Node) -> Variable:
    for scope in scopes:
        value = scope.get(name) if scope.kind == "map" else None
        if value is not None:
            return Variable(name, "there", place.line(path, value.start))
    for other in _steps(job):
        # echo "NAME=..." >> $GITHUB_ENV, or into an env file of the build
        if other.start <= step.start and mentioned(other.text("run") or "", name):
            return Variable(name, "there", place.line(path, other.start))
    return Variable(name, "missing")


def _is_ours(place: Place, text: str, job: Node, step: Node, root: Node) -> bool:
    """Is it this app that the step builds? Where the app is the whole repository, it is unless another is named."""
    app = place.seen_from(place.directories[-1])
    folder = (
        step.text("working-directory")
        or job.text("defaults", "run", "working-directory")
        or root.text("defaults", "run", "working-directory")
        or ""
    ).strip("./")
    spoken = text[step.start : step.end]
    if "matrix." in spoken and (matrix := job.at("strategy")) is not None:
        spoken += text[matrix.start : matrix.end]
    if app == ".":
        named = {folder, *(step.text("with", key) or "" for key in ("context", "path", "projectPath", "app_location"))}
        others = place.project.nested
        inside = any(n and any(n.strip("./").startswith(o) for o in others) for n in named)
        return not inside and folder in ("", ".") and place.may_build(step.text("run") or "")
    return folder == app or place.names_app(app, spoken) or bool(place.builds(step.text("run") or ""))
