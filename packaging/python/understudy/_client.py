from __future__ import annotations

import atexit
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# No proxy of the environment stands between a test and its stand-in.
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


def binary() -> str:
    """The program's file: the wheel has it. UNDERSTUDY_BINARY names another."""
    if named := os.environ.get("UNDERSTUDY_BINARY"):
        return named
    name = "understudy.exe" if sys.platform == "win32" else "understudy"
    program = pathlib.Path(__file__).with_name("bin") / name
    if not program.exists():
        raise FileNotFoundError(
            f"this installation has no program ({program}): install a wheel for this platform, or set UNDERSTUDY_BINARY"
        )
    return str(program)


class ControlError(Exception):
    """An answer of the control API that refuses."""

    def __init__(self, method: str, path: str, status: int, problem: Mapping[str, Any]) -> None:
        why = problem.get("detail") or problem.get("title") or "no reason"
        super().__init__(f"{method} {path}: {status}: {why}")
        self.status = status
        self.problem = problem


@dataclass(frozen=True)
class Provider:
    """Where a provider is, and what to call it with."""

    url: str
    credentials: Mapping[str, str]


# A credential of the inventory, as the control API has it.
Credential = Mapping[str, Any]


class _Clock:
    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> str:
        """The world's time, in RFC 3339."""
        return self._world.call("GET", "clock")["now"]

    def advance(self, by: str | float) -> None:
        """Moves the clock by a duration such as "90m" or "30d", or by seconds."""
        self._world.call("POST", "clock/advance", {"by": by})

    def set(self, to: str) -> None:
        """Moves the clock to an instant, in RFC 3339."""
        self._world.call("POST", "clock/set", {"to": to})

    def freeze(self) -> None:
        """Stops the clock where it stands."""
        self._world.call("POST", "clock/freeze")

    def resume(self) -> None:
        """Lets a frozen clock run on."""
        self._world.call("POST", "clock/resume")


class _Faults:
    def __init__(self, world: World) -> None:
        self._world = world

    def next(self, operation: str, *faults: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Makes the next calls of an operation fail, one fault a call, in order."""
        return [self._world.call("POST", "faults", {"operation": operation, **fault}) for fault in faults]

    def always(self, operation: str, fault: Mapping[str, Any]) -> Mapping[str, Any]:
        """Makes every call of an operation fail."""
        return self._world.call("POST", "faults", {"operation": operation, **fault, "always": True})

    def list(self) -> list[Mapping[str, Any]]:
        """The faults that wait."""
        return self._world.call("GET", "faults")["faults"]

    def clear(self) -> None:
        """Takes all faults back."""
        self._world.call("DELETE", "faults")


class _Journal:
    def __init__(self, world: World) -> None:
        self._world = world

    def all(self, **filters: Any) -> list[Mapping[str, Any]]:
        """The newest entries, oldest first: provider, operation, status, since, limit."""
        return self._world.call("GET", "journal", query=filters)["entries"]

    def last(self) -> Mapping[str, Any] | None:
        """The newest entry."""
        entries = self.all(limit=1)
        return entries[0] if entries else None

    def clear(self) -> None:
        """Drops every entry."""
        self._world.call("DELETE", "journal")


class World:
    """A world: that of a server, or a sandbox of it."""

    def __init__(self, info: Mapping[str, Any]) -> None:
        self.gateway: str = info["gateway"]
        self.control: str = info["control"]
        self.providers = {name: Provider(p["url"], p["credentials"]) for name, p in info["providers"].items()}
        self.clock = _Clock(self)
        self.faults = _Faults(self)
        self.journal = _Journal(self)

    def call(self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None) -> Any:
        """Calls the control API."""
        url = f"{self.control}/{path}"
        wanted = {name: str(value).lower() if isinstance(value, bool) else value for name, value in (query or {}).items() if value is not None}
        if wanted:
            url += "?" + urllib.parse.urlencode(wanted)
        data = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        try:
            with _open(request, timeout=60) as response:
                text = response.read()
        except urllib.error.HTTPError as error:
            text = error.read()
            raise ControlError(method, path, error.code, json.loads(text) if text else {}) from None
        return json.loads(text) if text else None

    def inventory(self, **filters: Any) -> list[Credential]:
        """Every credential and whether it works: provider, kind, owner, live."""
        return self.call("GET", "inventory", query=filters)["credentials"]

    def reset(self, **start: Any) -> None:
        """Starts the world over: seed, world, contract, settings, populate."""
        self.call("POST", "reset", start)

    def revive(self) -> None:
        """Ends what a fault "die" began."""
        self.call("POST", "revive")


class Sandbox(World):
    """A world of its own on a server."""

    def __init__(self, info: Mapping[str, Any], server: Server) -> None:
        super().__init__(info)
        self.id: str = info["id"]
        self._server = server

    def stop(self) -> None:
        """Ends the sandbox."""
        self._server.call("DELETE", "sandboxes/" + urllib.parse.quote(self.id))

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Server(World):
    """A running program."""

    def __init__(self, info: Mapping[str, Any], process: subprocess.Popen[str], printed: collections.deque[str]) -> None:
        super().__init__(info)
        self._process = process
        self._printed = printed

    @property
    def log(self) -> str:
        """The newest of what the program has printed."""
        return "".join(self._printed)

    def sandbox(self, **start: Any) -> Sandbox:
        """Makes a world with ports of its own: seed, world, contract, settings, populate."""
        return Sandbox(self.call("POST", "sandboxes", {"listen": "127.0.0.1:0", **start}), self)

    def stop(self) -> None:
        """Ends the program and waits until it has ended."""
        _end(self._process)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def start(
    *,
    listen: str = "127.0.0.1:0",
    providers: Sequence[str] = (),
    seed: str | None = None,
    world: str | os.PathLike[str] | None = None,
    contract: str | None = None,
    settings: Mapping[str, Any] | None = None,
    state: str | os.PathLike[str] | None = None,
    args: Sequence[str] = (),
    timeout: float = 15,
) -> Server:
    """Starts Understudy and returns when it listens.

    Settings are by "provider.name"; world and state are paths; timeout is in
    seconds. Raises TimeoutError or RuntimeError with what the program printed.
    """
    with tempfile.TemporaryDirectory(prefix="understudy-") as folder:
        ready = pathlib.Path(folder, "ready.json")
        command = [binary(), "serve", "--listen", listen, "--ready-file", str(ready)]
        for name in providers:
            command += ["--provider", name]
        for flag, value in {"seed": seed, "world": world, "contract": contract, "state": state}.items():
            if value is not None:
                command += [f"--{flag}", os.fspath(value)]
        for name, value in (settings or {}).items():
            command += ["--set", f"{name}={str(value).lower() if isinstance(value, bool) else value}"]
        process = subprocess.Popen([*command, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        printed: collections.deque[str] = collections.deque(maxlen=1000)

        def read() -> None:
            assert process.stdout is not None
            printed.extend(process.stdout)

        threading.Thread(target=read, daemon=True).start()
        atexit.register(_end, process)
        until = time.monotonic() + timeout
        while not ready.exists():
            if process.poll() is not None:
                raise RuntimeError(f"understudy ended with {process.returncode}:\n{''.join(printed)}")
            if time.monotonic() > until:
                _end(process)
                raise TimeoutError(f"understudy was not ready within {timeout} s:\n{''.join(printed)}")
            time.sleep(0.01)
        return Server(json.loads(ready.read_text()), process, printed)


def connect(gateway: str) -> World:
    """The world of a server that somebody else has started, by its gateway's address."""
    with _open(gateway.rstrip("/") + "/_understudy/info", timeout=10) as response:
        return World(json.load(response))
