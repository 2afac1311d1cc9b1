"""What is known by name although the wizard cannot set it up: for saying why a directory is no app."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from wizard.packages import npm, pypi
from wizard.project import Project

_JAVASCRIPT: Mapping[str, str] = {
    "laravel-vite-plugin": "a front end whose pages Laravel renders",
    "vite-plugin-ruby": "a front end whose pages Rails renders",
    "vite-plugin-rails": "a front end whose pages Rails renders",
    "vite-plugin-symfony": "a front end whose pages Symfony renders",
    "expo": "Expo",
    "react-native": "React Native",
    "electron": "Electron",
    "plasmo": "a browser extension (Plasmo)",
    "wxt": "a browser extension (WXT)",
    "@crxjs/vite-plugin": "a browser extension (CRXJS)",
    "@docusaurus/core": "Docusaurus",
    "vitepress": "VitePress",
    "@rspress/core": "Rspress",
    "rspress": "Rspress",
    "gatsby": "Gatsby",
    "@remix-run/react": "Remix",
    "@react-router/dev": "React Router as a framework",
    "@tanstack/react-start": "TanStack Start",
    "nuxt": "Nuxt",
    "@sveltejs/kit": "SvelteKit",
    "@solidjs/start": "SolidStart",
    "@angular/core": "Angular",
    "@nestjs/core": "NestJS",
    "fastify": "Fastify",
    "hono": "Hono",
    "koa": "Koa",
    "react-scripts": "React with Create React App",
    "@rsbuild/core": "Rsbuild",
    "@rspack/cli": "Rspack",
    "webpack-dev-server": "webpack",
    "parcel": "Parcel",
    "vue": "Vue",
    "svelte": "Svelte",
    "solid-js": "Solid",
    "preact": "Preact",
    "react-email": "React Email",
}
_PYTHON: Mapping[str, str] = {
    "litestar": "Litestar",
    "sanic": "Sanic",
    "tornado": "Tornado",
    "aiohttp": "aiohttp",
    "streamlit": "Streamlit",
    "gradio": "Gradio",
    "starlette": "Starlette",
}
_KNOWN = {**_JAVASCRIPT, **_PYTHON}


def unsupported(project: Project) -> str | None:
    """What a directory without an app for us is, in words, by the packages that its own manifest lists; None when
    nothing tells. Raises BrokenFile.
    """
    names = listed(project)
    return next((words for name, words in _KNOWN.items() if name in names), None) if names else None


def listed(project: Project) -> frozenset[str]:
    """The packages that the directory's own manifests ask for, and not only of those who use it. Raises BrokenFile."""
    if listed not in project.memo:
        peers = npm.manifest(project).get("peerDependencies")
        ours = () if npm.is_shared(project) else npm.declared(project)
        own = {*ours} - {*(peers if isinstance(peers, dict) else ())}
        project.memo[listed] = frozenset(own | {*pypi.declared(project)})
    return cast(frozenset[str], project.memo[listed])
