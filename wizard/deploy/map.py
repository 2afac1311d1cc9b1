"""The deploy map: every place where an app is built or run besides this machine, and what it lacks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from wizard.deploy.caches import moon, nx, rush, wireit
from wizard.deploy.compose import compose
from wizard.deploy.described import app_engine, render
from wizard.deploy.docker import docker
from wizard.deploy.hosts import fly, heroku, netlify, railway, vercel, wrangler
from wizard.deploy.place import Place, Wanted
from wizard.deploy.stores import sst, stores
from wizard.deploy.surface import Finding, Surface
from wizard.deploy.turbo import turbo
from wizard.deploy.workflows import workflows
from wizard.framework import Framework
from wizard.project import BrokenFile, Project

SURFACES: tuple[Surface, ...] = (
    turbo,
    nx,
    moon,
    wireit,
    rush,
    docker,
    compose,
    workflows,
    vercel,
    netlify,
    fly,
    render,
    railway,
    wrangler,
    app_engine,
    heroku,
    sst,
    stores,
)
"""All kinds of surfaces, those that plans can edit first."""


def deploy_map(project: Project, names: Iterable[str], framework: Framework) -> tuple[Finding, ...]:
    """What is found for an app that reads the variables `names`. Paths are relative to the app. Reads files only."""
    wanted = (Wanted(name, "build" if framework.bundles(name) else "run") for name in dict.fromkeys(names))
    place = Place(project, tuple(wanted), framework.language)
    if not place.wanted:
        return ()
    found: list[Finding] = []
    for surface in SURFACES:
        try:
            found += surface(place)
        except BrokenFile:
            continue  # a manifest that does not parse is told by whoever plans with it
    return tuple(found)


def within(project: Project, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The same with paths relative to the tree."""

    def moved(where: str) -> str:
        path, colon, line = where.rpartition(":")
        path, line = (path, line) if colon and line.isdigit() else (where, "")
        return (project.within(path) + (f":{line}" if line else "")) if where and " " not in where else where

    return tuple(
        replace(
            finding,
            where=moved(finding.where),
            variables=tuple(replace(v, where=moved(v.where)) for v in finding.variables),
        )
        for finding in findings
    )
