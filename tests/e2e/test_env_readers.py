"""Apps whose variables are in a file that never reaches the environment: started bare, the token still arrives."""

from __future__ import annotations

import sys

import pytest

from tests.e2e.harness import RealApp, event, free_port, get
from wizard.sink import Sink

_BUG = '\n\n@app.get("/bug")\ndef bug():\n    return 1 / 0\n\n\n@app.get("/")\ndef root():\n    return {"ok": True}\n'
_APPS = {
    "fastapi": "from fastapi import FastAPI\n\nfrom shop.config import NAME\n\napp = FastAPI(title=NAME)\n" + _BUG,
    "flask": "from flask import Flask\n\nfrom shop.config import NAME\n\napp = Flask(NAME)\n" + _BUG,
}
_CLASS = (
    "from pydantic_settings import BaseSettings, SettingsConfigDict\n\n\nclass Settings(BaseSettings):\n"
    '    model_config = SettingsConfigDict(env_file=".env"{})\n\n    name: str = "x"\n\n\n'
    "settings = Settings()\nNAME = settings.name\n"
)
_CONFIGS = {
    "starlette": ("", 'from starlette.config import Config\n\nconfig = Config(".env")\nNAME = config("NAME")\n'),
    "decouple": ("python-decouple", 'from decouple import config\n\nNAME = config("NAME")\n'),
    "environs": ("environs", 'from environs import Env\n\nenv = Env()\nenv.read_env()\nNAME = env("NAME")\n'),
    "settings": ("pydantic-settings", _CLASS.format("")),
    "prefixed": ("pydantic-settings", _CLASS.format(', env_prefix="SHOP_", extra="ignore"')),
}
_SHAPES = [
    pytest.param(framework, config, id=f"{framework}-{config}")
    for framework in _APPS
    for config in _CONFIGS
    if (framework, config) != ("flask", "starlette")
]


@pytest.mark.parametrize(("framework", "config"), _SHAPES)
def test_the_token_arrives_from_the_file_alone(framework: str, config: str, app: RealApp, sink: Sink) -> None:
    library, source = _CONFIGS[config]
    (app.root / "shop").mkdir()
    (app.root / "shop/__init__.py").write_text("")
    (app.root / "shop/main.py").write_text(_APPS[framework])
    (app.root / "shop/config.py").write_text(source)
    packages = [name for name in (framework, "uvicorn" if framework == "fastapi" else "gunicorn", library) if name]
    (app.root / "requirements.txt").write_text("".join(f"{name}\n" for name in packages))
    (app.root / ".gitignore").write_text(".env\n.venv/\n__pycache__/\n")
    (app.root / ".env").write_text("SHOP_NAME=shop\n" if config == "prefixed" else "NAME=shop\n")
    app.run(sys.executable, "-m", "venv", ".venv")
    python = str(app.root / ".venv/bin/python")
    app.run(python, "-m", "pip", "install", "-q", *packages)
    app.commit()
    app.setup_from_plan(sink)
    port = free_port()
    server = ["uvicorn", "shop.main:app", "--port", str(port)]
    if framework == "flask":
        server = ["gunicorn", "-b", f"127.0.0.1:{port}", "shop.main:app"]
    with app.started((python, "-m", *server), f"http://127.0.0.1:{port}/", {}):
        assert get(f"http://127.0.0.1:{port}/bug")[0] == 500
        seen = event(sink, "$exception")
    assert seen.event is not None
    assert "division by zero" in str(seen.event["properties"]["$exception_list"])
