"""The deploy map: each kind of surface with the variable there, missing, out of sight, and of another app."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from wizard.deploy.map import deploy_map
from wizard.deploy.surface import Finding
from wizard.edits import chain
from wizard.project import Project, Tree
from wizard.registry import all_frameworks
from wizard.text import decode

FRAMEWORKS = {
    "server": all_frameworks()["nextjs"],
    "browser": all_frameworks()["react-vite"],
    "express": all_frameworks()["express"],
}
KEY = "NEXT_PUBLIC_KEY"
RUN = "POSTHOG_KEY"
NEXT = '{"name": "@acme/web", "dependencies": {"next": "15"}}'
VUE = '{"name": "@acme/web", "dependencies": {"other": "1"}}'


def found(root: Path, files: Mapping[str, str], *names: str, app: str = ".", runtime: str = "server") -> list[Finding]:
    """The map of an app in a directory with these files."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())
    nested = tuple(p.rpartition("/")[0] for p in files if p.endswith("/package.json") and app == ".")
    tree = Tree(root, root, tuple(sorted(p for p in files if not p.startswith((".vercel", ".netlify")))))
    return list(deploy_map(Project(tree, app, nested), names, FRAMEWORKS[runtime]))


@dataclass(frozen=True)
class Row:
    """Files of a repository, the variable, and what the map says: `surface state`, an edit or none."""

    files: Mapping[str, str]
    said: tuple[str, ...]
    name: str = KEY
    app: str = "."
    edited: bool = False


def turbo(**config: object) -> str:
    return json.dumps({"$schema": "https://turborepo.com/schema.json", **config}, indent=2)


def monorepo(root: str, manifest: str = VUE, **more: str) -> dict[str, str]:
    return {"apps/web/package.json": manifest, "turbo.json": root, **more}


BUILD = "FROM node:22\nCOPY . .\nRUN npm run build\n"
ROOT_ENV = {"package.json": '{"scripts": {"dev": "dotenv -- turbo dev"}}', ".env": "A=1\n"}
TARGETS = "FROM node AS all\nCOPY . .\nRUN npm run build\nFROM node AS migrate\nFROM node AS web\nCOPY --from=all x y\n"
COMPOSE = "services:\n  web:\n    build:\n      context: .\n{more}  db:\n    image: postgres\n"
WORKFLOW = (
    "on:\n  push:\n    branches: [main]\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n{job}    steps:\n"
    "      - uses: actions/checkout@v4\n      - run: npm run build\n{step}      - uses: actions/deploy-pages@v4\n"
)
IMAGE = (
    "on: {{push: {{}}}}\njobs:\n  image:\n    runs-on: x\n    steps:\n      - uses: docker/build-push-action@v6\n"
    "        with:\n          {}\n"
)
WF = ".github/workflows/site.yml"

DOPPLER = '{"name": "w", "dependencies": {"next": "15"}, "scripts": {"dev": "doppler run -- next dev"}}'
SST = 'new sst.aws.StaticSite("Web", {{ path: "apps/web", environment: {{ {} }} }});\n'
STARTS = '{{"scripts": {{"dev": "{}"}}}}'

ROWS = {
    "nothing": Row({"package.json": NEXT}, ()),
    # stores
    "doppler": Row({"package.json": DOPPLER}, ("doppler unseen",)),
    "doppler-by-a-script-of-the-shell": Row(
        {"package.json": NEXT, "scripts/dev.sh": "#!/bin/sh\ndoppler run -- npx next dev\n"}, ("doppler unseen",)
    ),
    "doppler-in-a-comment": Row({"package.json": NEXT, "dev.sh": "# doppler run -- next dev\n"}, ()),
    "doppler-configured": Row({"package.json": NEXT, "doppler.yaml": "setup:\n"}, ("doppler unseen",)),
    "doppler-of-the-workspace": Row(
        {"package.json": STARTS.format("doppler run -- pnpm -r dev"), "apps/web/package.json": NEXT},
        ("doppler unseen",),
        app="apps/web",
    ),
    "doppler-of-another-app": Row(
        {
            "package.json": STARTS.format("doppler run -- pnpm --filter api dev"),
            "apps/web/package.json": NEXT,
            "apps/api/package.json": '{"name": "api"}',
        },
        (),
        app="apps/web",
    ),
    "doppler-of-python": Row({"package.json": NEXT, "Makefile": "api:\n\tdoppler run -- uvicorn main:app\n"}, ()),
    "infisical": Row({"package.json": NEXT, ".infisical.json": "{}"}, ("infisical unseen",)),
    "1password": Row({"package.json": STARTS.format("op run --env-file=.env.tpl -- next dev")}, ("1password unseen",)),
    "pulled-from-vercel": Row({"package.json": STARTS.format("vercel env pull && next dev")}, ("vercel-pull unseen",)),
    "sst": Row(
        {
            "apps/web/package.json": NEXT,
            "sst.config.ts": "export default $config({});\n",
            "infra/web.ts": SST.format(""),
        },
        ("sst missing",),
        app="apps/web",
    ),
    "sst-has-it": Row(
        {"apps/web/package.json": NEXT, "sst.config.ts": SST.format(f"{KEY}: process.env.{KEY}!")},
        ("sst there",),
        app="apps/web",
    ),
    "sst-of-another-app": Row({"apps/docs/package.json": NEXT, "sst.config.ts": SST.format("")}, (), app="apps/docs"),
    # turbo
    "turbo-lacks-it": Row(
        monorepo(turbo(tasks={"build": {"env": ["A"]}})), ("turbo missing",), RUN, "apps/web", edited=True
    ),
    "turbo-task-has-it": Row(monorepo(turbo(tasks={"build": {"env": [RUN]}})), ("turbo there",), RUN, "apps/web"),
    "turbo-wildcard": Row(monorepo(turbo(tasks={"build": {"env": ["POSTHOG_*"]}})), ("turbo there",), RUN, "apps/web"),
    "turbo-wildcard-of-others": Row(
        monorepo(turbo(tasks={"build": {"env": ["*_X", "NEXT_*"]}})), ("turbo missing",), RUN, "apps/web", edited=True
    ),
    "turbo-global": Row(monorepo(turbo(globalEnv=[RUN], tasks={"build": {}})), ("turbo there",), RUN, "apps/web"),
    "turbo-passed-through": Row(
        monorepo(turbo(globalPassThroughEnv=[RUN], tasks={"build": {}})), ("turbo there",), RUN, "apps/web"
    ),
    "turbo-version-1": Row(monorepo(turbo(pipeline={"build": {"env": [RUN]}})), ("turbo there",), RUN, "apps/web"),
    "turbo-inferred-from-the-framework": Row(
        monorepo(turbo(tasks={"build": {}}), NEXT), ("turbo there",), KEY, "apps/web"
    ),
    "turbo-not-inferred-without-it": Row(
        monorepo(turbo(tasks={"build": {}}), VUE), ("turbo missing",), KEY, "apps/web", edited=True
    ),
    "turbo-excluded": Row(
        monorepo(turbo(tasks={"build": {"env": ["!NEXT_PUBLIC_*"]}}), NEXT),
        ("turbo missing",),
        KEY,
        "apps/web",
    ),
    "turbo-of-the-app": Row(
        monorepo(
            turbo(tasks={"build": {"env": [RUN]}}),
            **{"apps/web/turbo.json": '{"extends": ["//"], "tasks": {"build": {"env": ["B"]}}}'},
        ),
        ("turbo missing",),
        RUN,
        "apps/web",
        edited=True,
    ),
    "turbo-of-the-app-extends": Row(
        monorepo(
            turbo(tasks={"build": {"env": [RUN]}}),
            **{"apps/web/turbo.json": '{"extends": ["//"], "tasks": {"build": {"env": ["$TURBO_EXTENDS$", "B"]}}}'},
        ),
        ("turbo there",),
        RUN,
        "apps/web",
    ),
    "turbo-task-of-this-package": Row(
        monorepo(turbo(tasks={"build": {"env": [RUN]}, "@acme/web#build": {"env": []}})),
        ("turbo missing",),
        RUN,
        "apps/web",
        edited=True,
    ),
    "turbo-env-file-of-the-root-goes-through-dev": Row(
        monorepo(turbo(tasks={"build": {"env": [RUN]}, "dev": {}}), **ROOT_ENV),
        ("turbo missing",),
        RUN,
        "apps/web",
        edited=True,
    ),
    "turbo-env-file-of-the-root-named-for-dev": Row(
        monorepo(turbo(tasks={"build": {}, "dev": {"passThroughEnv": [RUN]}}), **ROOT_ENV),
        ("turbo there",),
        RUN,
        "apps/web",
    ),
    "turbo-broken": Row(monorepo('{"tasks": {'), ("turbo missing",), RUN, "apps/web"),
    "turbo-beside-python": Row({"turbo.json": turbo(tasks={"build": {}}), "api/app.py": ""}, (), RUN, "api"),
    # docker
    "docker-lacks-it": Row({"package.json": NEXT, "Dockerfile": BUILD}, ("docker missing",), edited=True),
    "docker-argument": Row(
        {"package.json": NEXT, "Dockerfile": BUILD.replace("RUN", f"ARG {KEY}\nRUN")}, ("docker unseen",)
    ),
    "docker-value": Row(
        {"package.json": NEXT, "Dockerfile": BUILD.replace("RUN", f"ENV {KEY}=phc_x\nRUN")}, ("docker there",)
    ),
    "docker-nothing-built": Row({"package.json": NEXT, "Dockerfile": "FROM nginx\nCOPY dist /x\n"}, ()),
    "docker-process": Row({"Dockerfile": "FROM python\nCMD x\n"}, ("docker unseen",), RUN),
    "docker-process-has-it": Row({"Dockerfile": f"FROM python\nENV {RUN}=x\nCMD x\n"}, ("docker there",), RUN),
    "docker-of-a-proxy": Row({"docker/caddy/Dockerfile": "FROM caddy:2.8\nCOPY x /y\n"}, (), RUN),
    "docker-of-gitpod": Row({".gitpod.Dockerfile": "FROM gitpod/workspace-full\n"}, (), RUN),
    "docker-of-development": Row({"package.json": NEXT, "Dockerfile.dev": BUILD}, ()),
    "docker-of-another-app": Row(
        {"apps/web/package.json": NEXT, "Dockerfile": BUILD + "COPY apps/api .\n"}, (), KEY, "apps/web"
    ),
    "docker-above-names-the-app": Row(
        {"apps/web/package.json": NEXT, "Dockerfile": BUILD + "COPY apps/web .\n"},
        ("docker missing",),
        KEY,
        "apps/web",
        edited=True,
    ),
    "docker-above-names-a-longer-one": Row(
        {"apps/web/package.json": NEXT, "Dockerfile": BUILD + "COPY apps/web-admin .\n"}, (), KEY, "apps/web"
    ),
    "docker-above-filters-the-package": Row(
        {"apps/web/package.json": NEXT, "Dockerfile": "FROM a\nRUN pnpm --filter @acme/web build\n"},
        ("docker missing",),
        KEY,
        "apps/web",
        edited=True,
    ),
    "docker-of-a-nested-app": Row({"package.json": NEXT, "api/package.json": "{}", "api/Dockerfile": BUILD}, ()),
    "docker-two-stages-build": Row(
        {"package.json": NEXT, "Dockerfile": BUILD + BUILD.replace("node", "bun")}, ("docker missing",)
    ),
    "docker-template": Row({"package.json": NEXT, "Dockerfile": "FROM a\n{{ x }}\n"}, ("docker missing",)),
    "docker-build-of-another-app": Row(
        {
            "apps/web/package.json": NEXT,
            "apps/api/package.json": "{}",
            "Dockerfile": "FROM a\nCOPY apps/web apps/web\nRUN npm --prefix apps/api run build\n",
        },
        (),
        KEY,
        "apps/web",
    ),
    "docker-second-build-is-ours": Row(
        {
            "apps/web/package.json": NEXT,
            "apps/api/package.json": "{}",
            "Dockerfile": "FROM a\nCOPY . .\nRUN cd apps/api && npm run build\nRUN cd apps/web && npm run build\n",
        },
        ("docker missing",),
        KEY,
        "apps/web",
        edited=True,
    ),
    "docker-takes-in-manifests-only": Row(
        {
            "apps/web/package.json": NEXT,
            "Dockerfile": "FROM a\nCOPY apps/web/package.json apps/web/\nRUN npm run build\n",
        },
        (),
        KEY,
        "apps/web",
    ),
    "docker-of-a-sibling-takes-it-in": Row(
        {
            "web/package.json": NEXT,
            "api/Dockerfile": "FROM node AS f\nCOPY ./web /app/web\nRUN npm run build\nFROM python\nCOPY --from=f a b",
            "compose.yml": "services:\n  api:\n    build:\n      context: .\n      dockerfile: api/Dockerfile\n",
        },
        ("docker missing", "compose missing"),
        KEY,
        "web",
        edited=True,
    ),
    "docker-of-a-sibling-copies-from-its-stage": Row(
        {
            "web/package.json": NEXT,
            "api/Dockerfile": "FROM node\nCOPY --from=f web /web\nRUN npm run build\n",
        },
        (),
        KEY,
        "web",
    ),
    # compose
    "compose-below-the-top": Row(
        {
            "apps/web/package.json": NEXT,
            "apps/web/Dockerfile": BUILD,
            "compose.yaml": COMPOSE.replace("context: .", "context: .\n      dockerfile: ./apps/web/Dockerfile").format(
                more=""
            ),
        },
        ("docker missing", "compose missing"),
        KEY,
        "apps/web",
        edited=True,
    ),
    "compose-in-a-folder-of-another": Row(
        {
            "apps/web/package.json": NEXT,
            "apps/web/Dockerfile": BUILD,
            "compose.yaml": "services:\n  web:\n    build: ./apps/web\n",
        },
        ("docker missing", "compose missing"),
        KEY,
        "apps/web",
        edited=True,
    ),
    "compose-target-of-development": Row(
        {
            "Dockerfile": "FROM python AS development\nFROM python AS production\n",
            "compose.yml": COMPOSE.format(more="      target: development\n"),
        },
        ("docker unseen",),
        RUN,
    ),
    "docker-builds-another-app-in-its-directory": Row(
        {
            "web/package.json": NEXT,
            "shared/package.json": "{}",
            "web/Dockerfile": "FROM node AS deps\nWORKDIR /app/shared\nRUN npm ci && npm run build\n"
            "FROM node\nWORKDIR /app/web\nRUN npm run build\n",
        },
        ("docker missing",),
        app="web",
        edited=True,
    ),
    "docker-builds-in-the-usual-directory": Row(
        {
            "web/package.json": NEXT,
            "app/package.json": "{}",
            "web/Dockerfile": "FROM node\nWORKDIR /usr/src/app\nRUN npm run build\n",
        },
        ("docker missing",),
        app="web",
        edited=True,
    ),
    "compose-included": Row(
        {
            "web/package.json": NEXT,
            "compose.yml": "include:\n  - infra/parts/web.yml\n",
            "infra/parts/web.yml": "services:\n  web:\n    build:\n      context: ../../web\n",
        },
        ("compose missing",),
        app="web",
        edited=True,
    ),
    "compose-included-by-a-mapping": Row(
        {
            "web/package.json": NEXT,
            "compose.yml": "include:\n  - path: [parts/web.yml, parts/none.yml]\n",
            "parts/web.yml": "services:\n  web:\n    build:\n      context: ../web\n",
        },
        ("compose missing",),
        app="web",
        edited=True,
    ),
    "compose-included-in-a-circle": Row(
        {"web/package.json": NEXT, "compose.yml": "include: [compose.yml, 'https://x.example/c.yml', $X]\n"},
        (),
        app="web",
    ),
    "compose-extended": Row(
        {
            "api/requirements.txt": "flask\n",
            "compose.yml": "services:\n  api:\n    extends: {file: parts/common.yml, service: api}\n",
            "parts/common.yml": "services:\n  api:\n    build: ../api\n",
        },
        ("compose missing",),
        RUN,
        app="api",
        edited=True,
    ),
    "compose-image-of-the-app": Row(
        {
            "api/requirements.txt": "flask\n",
            "compose.yml": "services:\n  api:\n    build: api\n    image: acme.example:5000/api:dev\n"
            "    environment: [POSTHOG_KEY=1]\n",
            "compose.prod.yml": "services:\n  api:\n    image: acme.example:5000/api:${TAG:-latest}\n"
            "  db:\n    image: postgres:17\n",
        },
        ("compose missing", "compose there"),
        RUN,
        app="api",
        edited=True,
    ),
    "compose-image-is-built-elsewhere": Row(
        {"web/package.json": NEXT, "compose.yml": "services:\n  web:\n    image: acme/web:1\n"}, (), app="web"
    ),
    "compose-lacks-it": Row(
        {"package.json": NEXT, "Dockerfile": BUILD, "compose.yaml": COMPOSE.format(more="")},
        ("docker missing", "compose missing"),
        edited=True,
    ),
    "compose-argument": Row(
        {
            "package.json": NEXT,
            "Dockerfile": BUILD,
            "docker-compose.yml": COMPOSE.format(more=f"      args:\n        {KEY}: x\n"),
        },
        ("docker missing", "compose there"),
        edited=True,
    ),
    "compose-of-a-server-for-developers": Row(
        {
            "package.json": NEXT,
            "Dockerfile": "FROM node\nCOPY . .\nCMD npm run dev\n",
            "docker-compose.yml": COMPOSE.format(more=""),
        },
        (),
    ),
    "compose-target-that-builds-it": Row(
        {
            "package.json": NEXT,
            "Dockerfile": TARGETS,
            "docker-compose.yml": COMPOSE.format(more=f"      target: web\n      args:\n        {KEY}: x\n"),
        },
        ("docker missing", "compose there"),
        edited=True,
    ),
    "compose-other-target": Row(
        {
            "package.json": NEXT,
            "Dockerfile": TARGETS,
            "docker-compose.yml": COMPOSE.format(more="      target: migrate\n"),
        },
        ("docker missing",),
        edited=True,
    ),
    "compose-passed-through": Row(
        {"Dockerfile": "FROM python", "compose.yml": COMPOSE.format(more=f"    environment: [{RUN}]\n")},
        ("docker unseen", "compose unseen"),
        RUN,
    ),
    "compose-passed-through-and-known": Row(
        {
            "Dockerfile": "FROM python",
            "compose.yml": COMPOSE.format(more=f"    environment:\n      {RUN}: ${{{RUN}}}\n"),
            ".env": f"{RUN}=phc_x\n",
        },
        ("docker unseen", "compose there"),
        RUN,
    ),
    "compose-env-file": Row(
        {
            "Dockerfile": "FROM a",
            "compose.yml": COMPOSE.format(more="    env_file: prod.env\n"),
            "prod.env": f"{RUN}=x",
        },
        ("docker unseen", "compose there"),
        RUN,
    ),
    "compose-env-file-lacks-it": Row(
        {"Dockerfile": "FROM a", "compose.yml": COMPOSE.format(more="    env_file: [p.env]\n"), "p.env": "A=x"},
        ("docker unseen", "compose missing"),
        RUN,
    ),
    "compose-env-file-is-elsewhere": Row(
        {"Dockerfile": "FROM a", "compose.yml": COMPOSE.format(more="    env_file: [p.env]\n")},
        ("docker unseen", "compose unseen"),
        RUN,
    ),
    "compose-environment-is-an-alias": Row(
        {"Dockerfile": "FROM a", "compose.yml": "x: &x {A: 1}\n" + COMPOSE.format(more="    environment: *x\n")},
        ("docker unseen", "compose missing"),
        RUN,
    ),
    "compose-merged": Row(
        {
            "Dockerfile": "FROM a",
            "compose.yml": f"x: &x\n  environment: [{RUN}=1]\n" + COMPOSE.format(more="    <<: *x\n"),
        },
        ("docker unseen", "compose there"),
        RUN,
    ),
    "compose-of-another-app": Row(
        {"Dockerfile": "FROM a", "compose.yml": COMPOSE.replace("context: .", "context: ./api").format(more="")},
        ("docker unseen",),
        RUN,
    ),
    "compose-database-only": Row({"compose.yml": "services:\n  db:\n    image: postgres\n"}, (), RUN),
    "compose-of-development": Row({"compose.dev.yml": COMPOSE.format(more="")}, (), RUN),
    "compose-broken": Row({"compose.yml": "services: ["}, (), RUN),
    # workflows
    "workflow-lacks-it": Row({"package.json": NEXT, WF: WORKFLOW.format(job="", step="")}, ("github missing",)),
    "workflow-job-has-it": Row(
        {"package.json": NEXT, WF: WORKFLOW.format(job=f"    env:\n      {KEY}: ${{{{ vars.K }}}}\n", step="")},
        ("github there",),
    ),
    "workflow-step-has-it": Row(
        {"package.json": NEXT, WF: WORKFLOW.format(job="", step=f"        env: {{{KEY}: x}}\n")}, ("github there",)
    ),
    "workflow-for-pull-requests": Row(
        {
            "package.json": NEXT,
            WF: WORKFLOW.format(job="", step="").replace("push:\n    branches: [main]", "pull_request:"),
        },
        (),
    ),
    "workflow-only-tests": Row(
        {"package.json": NEXT, WF: WORKFLOW.format(job="", step="").replace("deploy", "test")}, ()
    ),
    "workflow-of-another-app": Row(
        {
            "package.json": NEXT,
            "docs/package.json": "{}",
            WF: WORKFLOW.format(job="", step="        working-directory: docs\n"),
        },
        (),
    ),
    "workflow-script-of-another-app": Row(
        {
            "package.json": NEXT,
            "docs/package.json": "{}",
            WF: WORKFLOW.format(job="", step="").replace("npm run build", "npm run build:docs"),
        },
        (),
    ),
    "workflow-script-of-the-app": Row(
        {
            "apps/dashboard/package.json": NEXT,
            WF: WORKFLOW.format(job="", step="").replace("npm run build", "pnpm build:dashboard"),
        },
        ("github missing",),
        KEY,
        "apps/dashboard",
    ),
    "workflow-pushes-by-outputs": Row(
        {"package.json": NEXT, WF: IMAGE.format("outputs: type=image,push-by-digest=true,push=true")},
        ("github missing",),
    ),
    "workflow-image-is-not-pushed": Row({"package.json": NEXT, WF: IMAGE.format("outputs: type=docker")}, ()),
    "workflow-matrix-of-dockerfiles": Row(
        {
            "apps/web/package.json": NEXT,
            WF: IMAGE.format("push: true\n          file: ${{ matrix.file }}").replace(
                "    steps:", "    strategy: {matrix: {include: [{file: apps/web/Dockerfile}]}}\n    steps:"
            ),
        },
        ("github missing",),
        KEY,
        "apps/web",
    ),
    "workflow-action-that-builds": Row(
        {
            "package.json": NEXT,
            WF: WORKFLOW.format(job="", step="").replace("run: npm run build", "uses: withastro/action@v3"),
        },
        ("github missing",),
    ),
    "workflow-process": Row({"package.json": NEXT, WF: WORKFLOW.format(job="", step="")}, (), RUN),
    # hosts
    "vercel-linked": Row({".vercel/project.json": "{}"}, ("vercel unseen",)),
    "vercel-pulled": Row(
        {".vercel/project.json": "{}", ".vercel/.env.production.local": f'{KEY}="x"\n'}, ("vercel there",)
    ),
    "vercel-repository-links-it": Row(
        {".vercel/repo.json": '{"projects": [{"directory": "apps/web"}]}', "apps/web/package.json": NEXT},
        ("vercel unseen",),
        KEY,
        "apps/web",
    ),
    "vercel-repository-links-another": Row(
        {".vercel/repo.json": '{"projects": [{"directory": "apps/api"}]}', "apps/web/package.json": NEXT},
        (),
        KEY,
        "apps/web",
    ),
    "vercel-in-the-file": Row({"vercel.json": json.dumps({"build": {"env": {KEY: "x"}}})}, ("vercel there",)),
    "vercel-broken": Row({"vercel.json": "{"}, ("vercel unseen",)),
    "netlify": Row({"netlify.toml": '[build]\ncommand = "x"\n'}, ("netlify unseen",)),
    "netlify-has-it": Row({"netlify.toml": f'[build.environment]\n{KEY} = "x"\n'}, ("netlify there",)),
    "netlify-functions-do-not": Row({"netlify.toml": f'[build.environment]\n{RUN} = "x"\n'}, ("netlify unseen",), RUN),
    "netlify-of-another-app": Row(
        {"netlify.toml": '[build]\nbase = "apps/api"\n', "apps/web/package.json": NEXT}, (), KEY, "apps/web"
    ),
    "fly-process": Row({"fly.toml": 'app = "x"\n'}, ("fly unseen",), RUN),
    "fly-process-has-it": Row({"fly.toml": f'[env]\n{RUN} = "x"\n'}, ("fly there",), RUN),
    "fly-bundle": Row({"fly.toml": f'[env]\n{KEY} = "x"\n'}, ("fly missing",)),
    "fly-bundle-has-it": Row({"fly.toml": f'[build.args]\n{KEY} = "x"\n'}, ("fly there",)),
    "railway": Row({"railway.json": "{}"}, ("railway unseen",), RUN),
    "nixpacks-has-it": Row({"nixpacks.toml": f'[variables]\n{RUN} = "x"\n'}, ("railway there",), RUN),
    "heroku": Row({"Procfile": "web: x\n"}, ("heroku unseen",), RUN),
    "heroku-images": Row({"heroku.yml": "build:\n  docker:\n    web: Dockerfile\n"}, ("heroku unseen",), RUN),
    "workers": Row({"wrangler.toml": 'name = "x"\n'}, ("wrangler unseen",), RUN),
    "workers-have-it": Row({"wrangler.jsonc": f'{{"vars": {{"{RUN}": "x"}}, // y\n}}'}, ("wrangler there",), RUN),
    "workers-environment-inherits-nothing": Row(
        {"wrangler.toml": f'[vars]\n{RUN} = "x"\n[env.production]\n'}, ("wrangler unseen",), RUN
    ),
    "workers-bundle": Row({"wrangler.toml": f'[vars]\n{KEY} = "x"\n'}, ("wrangler unseen",)),
    "app-engine": Row({"app.yaml": "runtime: python312\n"}, ("app-engine missing",), RUN),
    "app-engine-has-it": Row(
        {"app.yaml": f"runtime: python312\nenv_variables:\n  {RUN}: x\n"}, ("app-engine there",), RUN
    ),
    "app-yaml-of-something-else": Row({"app.yaml": "kind: Deployment\n"}, (), RUN),
    "render-lacks-it": Row(
        {"render.yaml": "services:\n  - type: web\n    name: a\n    envVars:\n      - key: A\n        value: 1\n"},
        ("render missing",),
        RUN,
        edited=True,
    ),
    "render-names-it": Row(
        {"render.yaml": f"services:\n  - type: web\n    envVars:\n      - key: {RUN}\n        sync: false\n"},
        ("render unseen",),
        RUN,
    ),
    "render-group-has-it": Row(
        {
            "render.yaml": "envVarGroups:\n- name: g\n  envVars:\n  - key: POSTHOG_KEY\n    value: x\nservices:\n"
            "- type: web\n  envVars:\n  - fromGroup: g\n"
        },
        ("render there",),
        RUN,
    ),
    "render-of-another-app": Row({"render.yaml": "services:\n  - type: web\n    rootDir: api\n"}, (), RUN, "web"),
    "nx-lacks-it": Row(
        {"package.json": NEXT, "nx.json": '{"targetDefaults": {"build": {"inputs": ["production"]}}}'},
        ("nx missing",),
        edited=True,
    ),
    "nx-has-it": Row(
        {"package.json": NEXT, "nx.json": json.dumps({"targetDefaults": {"build": {"inputs": [{"env": KEY}]}}})},
        ("nx there",),
    ),
    "nx-inputs-of-all-tasks": Row(
        {"package.json": NEXT, "nx.json": '{"namedInputs": {"sharedGlobals": []}, "plugins": []}'},
        ("nx missing",),
        edited=True,
    ),
    "moon-lacks-it": Row(
        {"package.json": NEXT, "moon.yml": "tasks:\n  build:\n    inputs:\n      - '@group(app)'\n"},
        ("moon missing",),
        edited=True,
    ),
    "moon-has-it": Row(
        {"package.json": NEXT, "moon.yml": f"tasks:\n  build:\n    inputs:\n      - ${KEY}\n"}, ("moon there",)
    ),
    "moon-without-inputs": Row({"package.json": NEXT, "moon.yml": "tasks:\n  build:\n    command: next build\n"}, ()),
    "wireit-lacks-it": Row(
        {"package.json": '{"dependencies": {"next": "15"}, "wireit": {"build": {"files": ["src"]}}}'},
        ("wireit missing",),
        edited=True,
    ),
    "wireit-has-it": Row(
        {
            "package.json": json.dumps(
                {"dependencies": {"next": "15"}, "wireit": {"build": {"files": [], "env": {KEY: {"external": True}}}}}
            )
        },
        ("wireit there",),
    ),
    "wireit-without-a-cache": Row({"package.json": '{"wireit": {"build": {"command": "next build"}}}'}, ()),
    "rush-lacks-it": Row(
        {
            "package.json": NEXT,
            "config/rush-project.json": '{"operationSettings": [{"operationName": "build", "dependsOnEnvVars": []}]}',
        },
        ("rush missing",),
    ),
    "rush-has-it": Row(
        {
            "package.json": NEXT,
            "config/rush-project.json": json.dumps(
                {"operationSettings": [{"operationName": "build", "dependsOnEnvVars": [KEY]}]}
            ),
        },
        ("rush there",),
    ),
    "nx-without-inputs": Row({"package.json": NEXT, "nx.json": "{}"}, ()),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_what_the_map_says(row: Row, tmp_path: Path) -> None:
    findings = found(tmp_path, row.files, row.name, app=row.app)
    assert tuple(f"{f.surface} {f.state}" for f in findings) == row.said
    assert any(f.edits for f in findings) is row.edited
    for finding in findings:
        assert finding.how or finding.state == "there"
        assert all(line.isascii() and "phc_" not in line for line in finding.how)


@pytest.mark.parametrize("row", [r for r in ROWS.values() if r.edited], ids=[k for k, r in ROWS.items() if r.edited])
@pytest.mark.parametrize("crlf", [False, True], ids=["lf", "crlf"])
def test_edits_do_what_was_missing(row: Row, crlf: bool, tmp_path: Path) -> None:
    files = {p: t.replace("\n", "\r\n") if crlf else t for p, t in row.files.items()}
    findings = found(tmp_path, files, row.name, app=row.app)
    for edit in (e for f in findings for e in f.edits):
        path = tmp_path / row.app / edit.path
        text = decode(path.read_bytes())[0]
        after = chain(*edit.codemods)(text)
        assert chain(*edit.codemods)(after) == after
        assert ("\r\n" in after) is (crlf and "\n" in text)
        path.write_bytes(after.encode())
    tree = Tree(tmp_path, tmp_path, tuple(sorted(files)))
    again = list(deploy_map(Project(tree, row.app), [row.name], FRAMEWORKS["server"]))
    edited = {f.surface for f in findings if f.edits}
    assert {f.surface for f in again if f.surface in edited and f.state != "missing"} == edited
    assert not any(f.edits for f in again)


def test_a_server_reads_public_names_when_it_runs(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, {"Dockerfile": BUILD}, KEY, runtime="express")
    assert finding.when == "run"


def test_a_bundle_holds_all_variables_of_a_browser_app(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, {"Dockerfile": BUILD}, "TOKEN", runtime="browser")
    assert finding.when == "build"


def test_places_are_said_with_their_lines(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, {"Dockerfile": f"FROM a\nARG {KEY}\nRUN npm run build\n"}, KEY)
    assert finding.where == "Dockerfile:3"
    assert finding.variables[0].where == "Dockerfile:2"


def test_no_edit_of_a_file_outside_of_the_directory(tmp_path: Path) -> None:
    (tmp_path / "turbo.json").write_text(turbo(tasks={"build": {"env": []}}))
    (tmp_path / "web").mkdir()
    (tmp_path / "web/package.json").write_text(VUE)
    tree = Tree(tmp_path / "web", tmp_path, ("package.json",))
    (finding,) = deploy_map(Project(tree), [RUN], FRAMEWORKS["server"])
    assert (finding.state, finding.edits) == ("missing", ())


def test_no_value_is_shown(tmp_path: Path) -> None:
    files = {"vercel.json": json.dumps({"env": {RUN: "phc_secret"}}), "compose.yml": COMPOSE.format(more="")}
    assert "phc_secret" not in json.dumps([f.to_json() for f in found(tmp_path, files, RUN)])


def test_binary_and_giant_files_are_passed_over(tmp_path: Path) -> None:
    files = {"Dockerfile": "FROM a\0\n", "compose.yml": "services: {}\n" + "#" * 1_100_000, "vercel.json": "\ud7ff"}
    assert [f.surface for f in found(tmp_path, files, RUN)] == ["vercel"]
