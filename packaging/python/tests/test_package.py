"""What the package gives; .ci/packages runs it where the wheel is installed."""

import json
import urllib.error
import urllib.request

import pytest

import understudy as package

LOGIN = "infisical POST /api/v1/auth/universal-auth/login"


def log_in(world):
    infisical = world.providers["infisical"]
    body = {name: infisical.credentials[name] for name in ("clientId", "clientSecret")}
    request = urllib.request.Request(
        f"{infisical.url}/api/v1/auth/universal-auth/login", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def test_two_worlds_of_one_server(understudy, understudy_server):
    with understudy_server.sandbox(seed="other") as other:
        understudy.clock.freeze()
        began = understudy.clock.now()
        other.clock.advance("30d")
        other.faults.next(LOGIN, {"status": 503})
        assert len(other.faults.list()) == 1

        assert [log_in(other), log_in(other), log_in(understudy)] == [503, 200, 200]
        assert [len(w.journal.all(operation=LOGIN)) for w in (other, understudy)] == [2, 1]
        assert understudy.clock.now() == began
        assert any("entry" in token for token in other.inventory(kind="access-token", live=True))
    with pytest.raises(OSError):
        log_in(other)


def test_a_server_of_ones_own():
    with package.start(seed="own", settings={"infisical.rateLimit": 100}, providers=["infisical"]) as server:
        same = package.connect(server.gateway)
        assert same.providers == server.providers
        with pytest.raises(package.ControlError) as refused:
            server.clock.advance("-1h")
        assert refused.value.status == 400
        server.reset(seed="other")
        assert package.connect(server.gateway).providers != same.providers
    with pytest.raises(OSError):
        package.connect(server.gateway)


def test_a_program_that_cannot_start_says_why():
    with pytest.raises(RuntimeError, match="contract"):
        package.start(contract="no-such-contract")
