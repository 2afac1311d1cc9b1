"""What `login` saves: for the user alone, never lost, renewed once, and only for the host it is for."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.fake_oauth import FakeOAuth
from tests.fake_posthog import HTML, Canned
from tests.oauth_rules import Grant
from wizard.errors import WizardError
from wizard.login import credentials, registrations
from wizard.login import store as store
from wizard.login.credentials import Saved, access_for
from wizard.posthog.access import Access
from wizard.posthog.hosts import Hosts, cloud, of

KEY = "phx_" + "S3cretS3cret" * 3
US, EU = cloud("us"), cloud("eu")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="modes and links of POSIX")


@pytest.fixture(autouse=True)
def _folder() -> None:
    store.config_path().mkdir(mode=0o700)


@pytest.fixture
def server() -> Iterator[FakeOAuth]:
    with FakeOAuth() as fake:
        yield fake


def key_for(hosts: Hosts, secret: str = KEY) -> Saved:
    return Saved(Access(secret, hosts, "personal key", frozenset({"query:read"}), (3,)))


def login_at(server: FakeOAuth, *, ago: float = 0.0) -> Saved:
    """A login that was made so many seconds ago, as the server knows it."""
    server.clients["c"] = ["http://127.0.0.1/callback"]
    server.codes["used"] = grant = Grant("c", ["query:read"], code_used=True)
    _, answer = server._pair(grant)
    access = Access(str(answer["access_token"]), server.hosts, "login", frozenset(grant.scope))
    expires = int(time.time() - ago) + 3600
    url = f"{server.url}/oauth"
    return Saved(access, str(answer["refresh_token"]), expires, "c", f"{url}/token/", f"{url}/revoke/")


def ask(hosts: Hosts, env: dict[str, str] | None = None, **more: Any) -> tuple[Access | None, str]:
    told: list[str] = []
    return access_for(env or {}, hosts, say=told.append, **more), "\n".join(told)


def test_what_is_saved_comes_back_the_same() -> None:
    for saved in (key_for(US), key_for(of("https://ph.example/base"), "phx_other"), replace(key_for(EU), expires_at=9)):
        assert credentials.save(saved) == "file"
        assert credentials.saved(saved.access.hosts.app) == saved
    assert len(credentials.stored()) == 3
    assert KEY not in repr(credentials.stored())


def test_several_instances_do_not_disturb_each_other() -> None:
    credentials.save(key_for(US))
    credentials.save(key_for(EU, "phx_eu"))
    credentials.delete(US.app)
    assert credentials.stored_hosts() == [EU.app]
    credentials.delete(US.app)  # twice is once
    credentials.delete(EU.app)
    assert not store.credentials_file().exists()


def test_a_login_is_for_its_own_host_alone() -> None:
    credentials.save(key_for(US))
    assert ask(EU) == (None, "")
    assert ask(of("https://ph.example")) == (None, "")
    assert ask(US)[0] == key_for(US).access


@pytest.mark.parametrize(
    ("env", "hosts", "more", "used", "told"),
    [
        ({"POSTHOG_WIZARD_PERSONAL_KEY": " phx_a "}, US, {}, "phx_a", ""),
        ({"POSTHOG_PERSONAL_API_KEY": "phx_b", "POSTHOG_CLI_TOKEN": "phx_c"}, US, {}, "phx_b", ""),
        ({"POSTHOG_CLI_API_KEY": "phx_c"}, US, {}, "phx_c", ""),
        ({"POSTHOG_CLI_TOKEN": "phx_d", "POSTHOG_CLI_HOST": "https://us.posthog.com"}, US, {}, "phx_d", ""),
        ({"POSTHOG_CLI_TOKEN": "phx_d", "POSTHOG_CLI_HOST": "https://eu.posthog.com"}, US, {}, KEY, "is for eu."),
        ({"POSTHOG_CLI_TOKEN": "phx_d", "POSTHOG_CLI_HOST": "https://[x"}, US, {}, None, "is not a URL"),
        ({"POSTHOG_WIZARD_PERSONAL_KEY": "  "}, US, {}, KEY, ""),
        ({"POSTHOG_PERSONAL_API_KEY": "phx_b"}, of("https://ph.example"), {}, "phx_b", ""),
        ({"POSTHOG_PERSONAL_API_KEY": "phx_b"}, of("https://ph.example"), {"host_read": True}, None, "is not sent to"),
        ({"POSTHOG_PERSONAL_API_KEY": "phx_b"}, US, {"host_read": True}, "phx_b", ""),
        ({}, US, {"host_read": True}, KEY, ""),
    ],
    ids=lambda value: "+".join(value) or "none" if isinstance(value, dict) else None,
)
def test_the_environment_goes_first(
    env: dict[str, str], hosts: Hosts, more: dict[str, bool], used: str | None, told: str
) -> None:
    credentials.save(key_for(US))
    access, said = ask(hosts, env, **more)
    assert (access.secret if access else None) == used
    assert told in said
    assert "phx_" not in said


@POSIX
def test_nobody_else_can_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTHOG_WIZARD_CONFIG_DIR", str(tmp_path / "a" / "b"))
    old = os.umask(0)
    try:
        credentials.save(key_for(US))
    finally:
        os.umask(old)
    file = store.credentials_file()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [p.name for p in file.parent.iterdir() if p.name != "lock"] == ["credentials.json"]


@POSIX
def test_wrong_modes_are_put_right() -> None:
    credentials.save(key_for(US))
    file = store.credentials_file()
    file.chmod(0o644)
    file.parent.chmod(0o777)
    assert ask(US)[0]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    credentials.save(key_for(EU))
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@POSIX
def test_links_are_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.json"
    target.write_text('{"schema": 1, "logins": {}}')
    store.credentials_file().symlink_to(target)
    with pytest.raises(WizardError, match="is a link"):
        credentials.save(key_for(US))
    access, said = ask(US)
    assert access is None
    assert "is a link" in said
    with pytest.raises(WizardError, match="is a link"):
        store.private_write(store.credentials_file(), b"{}")
    assert store.credentials_file().is_symlink()
    assert target.read_text() == '{"schema": 1, "logins": {}}'


@POSIX
def test_a_pipe_in_its_place_holds_nobody_up() -> None:
    os.mkfifo(store.credentials_file())
    with pytest.raises(WizardError, match="not a regular file"):
        credentials.stored_hosts()


@POSIX
@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="needs root, to give files away")
def test_files_of_others_are_not_used(tmp_path: Path) -> None:
    file = store.credentials_file()
    file.write_text('{"schema": 1, "logins": {}}')
    if sys.platform != "win32":
        os.chown(file, 12345, 12345)
    with pytest.raises(WizardError, match="belongs to somebody else"):
        credentials.stored_hosts()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"null", "not written by posthog-wizard"),
        (b"[]", "not written by posthog-wizard"),
        (b'{"host": "https://us.posthog.com", "token": "phx_theirs"}', "not written by posthog-wizard"),
        (b'{"schema": 1}', "not written by posthog-wizard"),
        (b'{"schema": 1, "logins": []}', "not written by posthog-wizard"),
        (b'{"schema": "1", "logins": {}}', "not written by posthog-wizard"),
        (b'{"schema": 2, "logins": {}}', "newer posthog-wizard"),
    ],
    ids=lambda value: value[:20].decode("ascii", "replace") or "empty" if isinstance(value, bytes) else None,
)
def test_a_file_that_is_not_ours_is_named_and_kept(content: bytes, words: str) -> None:
    file = store.credentials_file()
    file.write_bytes(content)
    for work in (credentials.stored, lambda: credentials.save(key_for(US)), lambda: credentials.delete(US.app)):
        with pytest.raises(WizardError, match=words) as caught:
            work()
        assert str(file) in f"{caught.value.message} {caught.value.hint}"
        assert "phx_" not in f"{caught.value.message} {caught.value.hint}"
    assert file.read_bytes() == content
    access, said = ask(US)
    assert access is None
    assert words in said


@pytest.mark.parametrize(
    "entry",
    [None, 7, [], {}, {"kind": "login"}, {"kind": "magic", "secret": "phx_x"}, {"kind": "login", "secret": {}}],
    ids=json.dumps,
)
def test_a_damaged_entry_costs_the_others_nothing(entry: Any) -> None:
    credentials.save(key_for(EU))
    whole = json.loads(store.credentials_file().read_text())
    whole["logins"][US.app] = entry
    store.credentials_file().write_text(json.dumps(whole))
    access, said = ask(US)
    assert access is None
    assert entry is None or "cannot be read" in said
    assert ask(EU)[0]
    credentials.save(key_for(of("https://ph.example")))
    assert json.loads(store.credentials_file().read_text())["logins"][US.app] == entry
    credentials.save(key_for(US))
    assert ask(US)[0]


def test_a_fresh_login_is_used_as_it_is(server: FakeOAuth) -> None:
    saved = login_at(server, ago=3000)
    credentials.save(saved)
    assert ask(server.hosts) == (saved.access, "")
    assert server.requests == []


@pytest.mark.parametrize("ago", [3545, 3600, 90_000])
def test_an_old_login_is_renewed_and_saved_before_use(server: FakeOAuth, ago: float) -> None:
    saved = login_at(server, ago=ago)
    credentials.save(saved)
    access, said = ask(server.hosts)
    assert access is not None
    assert access.secret != saved.access.secret
    assert server.grant_of(access.secret)
    assert "at most 20 s" in said
    kept = credentials.saved(server.url)
    assert kept is not None
    assert kept.access == access
    assert kept.refresh not in ("", saved.refresh)
    assert ask(server.hosts)[0] == access
    assert len(server.asked("/oauth/token")) == 1


def test_a_narrower_renewal_is_what_counts(server: FakeOAuth) -> None:
    saved = login_at(server, ago=3600)
    credentials.save(saved)
    server.extra = {"scope": "user:read", "refresh_token": None}
    access, _ = ask(server.hosts)
    assert access is not None
    assert access.scopes == frozenset({"user:read"})
    kept = credentials.saved(server.url)
    assert kept is not None
    assert kept.refresh == saved.refresh  # no new one: the old one lives on


def test_two_at_once_renew_once(server: FakeOAuth) -> None:
    credentials.save(login_at(server, ago=3600))
    server.canned["/oauth/token"] = []
    found: list[Access | None] = []
    threads = [threading.Thread(target=lambda: found.append(ask(server.hosts)[0])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.asked("/oauth/token")) == 1
    assert len({access.secret for access in found if access}) == 1
    assert len(found) == 4


@pytest.mark.slow
def test_two_processes_renew_once(server: FakeOAuth) -> None:
    credentials.save(login_at(server, ago=3600))
    code = (
        "import os, sys; from wizard.login.credentials import access_for; from wizard.posthog.hosts import of;"
        "a = access_for({}, of(sys.argv[1]), say=lambda m: None); print(a.secret)"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code, server.url], stdout=subprocess.PIPE, cwd=Path(__file__).parents[1]
        )
        for _ in range(2)
    ]
    assert len({run.communicate(timeout=30)[0] for run in runs}) == 1
    assert len(server.asked("/oauth/token")) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Canned(400, '{"error": "invalid_grant"}'), "revoked or has expired"),
        (Canned(401, '{"error": "invalid_client"}'), "does not know the wizard's registration"),
        (Canned(500, "x"), "cannot answer now (500)"),
        (HTML, "does not answer like an authorization server"),
        (Canned(200, '{"access_token": ""}'), "without a usable access token"),
    ],
    ids=["revoked", "client", "down", "html", "empty"],
)
def test_a_renewal_that_fails_is_said_and_loses_nothing(server: FakeOAuth, answer: Canned, words: str) -> None:
    saved = login_at(server, ago=3600)
    credentials.save(saved)
    server.canned["/oauth/token"] = answer
    access, said = ask(server.hosts)
    assert access is None
    assert words in said
    assert saved.refresh not in said
    assert credentials.saved(server.url) == saved


def test_a_registration_that_is_forgotten_is_not_used_again(server: FakeOAuth) -> None:
    credentials.save(login_at(server, ago=3600))
    registrations._keep({"https://a": {"client_id": "c"}, "https://b": {"client_id": "other"}, "https://c": None})
    server.clients.clear()
    assert ask(server.hosts)[0] is None
    assert list(registrations._known()) == ["https://b", "https://c"]


def test_a_disk_that_takes_nothing_does_not_cost_the_login(server: FakeOAuth, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials.save(login_at(server, ago=3600))

    def full(file: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "replace_file", full)
    access, said = ask(server.hosts)
    assert access is None
    assert "No space left" in said
    assert server.asked("/oauth/token") == []


def test_an_old_login_that_cannot_be_renewed(server: FakeOAuth) -> None:
    credentials.save(replace(login_at(server, ago=3600), refresh=""))
    assert ask(server.hosts) == (
        None,
        "What is there to log in with is not used: it has expired. Log in again: posthog-wizard login",
    )


class Ring(ModuleType):
    """A keyring as the extra brings it; `trouble` is raised by every call."""

    class errors:
        class KeyringError(Exception):
            pass

    def __init__(self, backend_of: str, *, chained: bool = False, trouble: bool = False, forgets: bool = False) -> None:
        super().__init__("keyring")
        self.kept: dict[tuple[str, str], str] = {}
        self.trouble, self.forgets = trouble, forgets
        backend = type("Backend", (), {"__module__": backend_of})()
        self.backend: Any = type("Chain", (), {"backends": [backend] if backend_of else []})() if chained else backend

    def get_keyring(self) -> Any:
        return self.backend

    def _checked(self) -> None:
        if self.trouble:
            raise self.errors.KeyringError("locked")

    def get_password(self, service: str, name: str) -> str | None:
        self._checked()
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, value: str) -> None:
        self._checked()
        if not self.forgets:
            self.kept[service, name] = value

    def delete_password(self, service: str, name: str) -> None:
        self._checked()
        del self.kept[service, name]


@pytest.mark.parametrize("chained", [False, True])
def test_a_real_keyring_gets_the_secrets(monkeypatch: pytest.MonkeyPatch, chained: bool) -> None:
    ring = Ring("keyring.backends.SecretService", chained=chained)
    monkeypatch.setitem(sys.modules, "keyring", ring)
    saved = replace(key_for(US), refresh="phr_next")
    assert credentials.save(saved) == "keyring"
    text = store.credentials_file().read_text()
    assert KEY not in text
    assert "phr_next" not in text
    assert credentials.saved(US.app) == replace(saved, kept_in="keyring")
    credentials.delete(US.app)
    assert ring.kept == {}


@pytest.mark.parametrize(
    ("ring", "remark"),
    [
        (Ring("keyring.backends.fail"), ""),
        (Ring("keyring.backends.null"), ""),
        (Ring("keyrings.alt.file"), ""),
        (Ring("", chained=True), ""),
        (Ring("keyring.backends.null", chained=True), ""),
        (Ring("keyring.backends.macOS", trouble=True), "the file is used instead"),
        (Ring("keyring.backends.macOS", forgets=True), "the file is used instead"),
    ],
    ids=["fail", "null", "plain-file", "empty-chain", "null-chain", "locked", "forgetful"],
)
def test_no_keyring_or_none_that_keeps_anything(monkeypatch: pytest.MonkeyPatch, ring: Ring, remark: str) -> None:
    monkeypatch.setitem(sys.modules, "keyring", ring)
    told: list[str] = []
    assert credentials.save(key_for(US), told.append) == "file"
    assert remark in "".join(told)
    assert credentials.saved(US.app) == key_for(US)


def test_a_keyring_that_is_locked_later(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = Ring("keyring.backends.SecretService")
    monkeypatch.setitem(sys.modules, "keyring", ring)
    credentials.save(key_for(US))
    ring.trouble = True
    access, said = ask(US)
    assert access is None
    assert "keyring refuses (KeyringError)" in said
    with pytest.raises(WizardError, match="refuses"):
        credentials.delete(US.app)
    assert credentials.stored_hosts() == [US.app]


def test_waiting_for_another_is_said_and_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_LOCK_LIMIT", 0.1)
    told: list[str] = []
    with store.locked(), pytest.raises(WizardError, match="another posthog-wizard"), store.locked(told.append):
        pass
    assert len(told) == 1
    with store.locked():
        pass


@POSIX
@pytest.mark.parametrize("trouble", ["damaged", "link", "file-for-folder"])
def test_what_is_in_the_way_is_known_before(trouble: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.prove_writable()
    assert list(store.config_path().iterdir()) == []
    if trouble == "damaged":
        store.credentials_file().write_text("{")
    elif trouble == "link":
        store.credentials_file().symlink_to(tmp_path / "x")
    else:
        (tmp_path / "folder").write_text("")
        monkeypatch.setenv("POSTHOG_WIZARD_CONFIG_DIR", str(tmp_path / "folder"))
    with pytest.raises(WizardError):
        store.prove_writable()
