import json
import urllib.error
import urllib.request

import pytest


def post(url, body, token=None):
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)) as response:
        return json.load(response)


def test_a_secret_that_has_expired_is_refused(understudy):
    infisical = understudy.providers["infisical"]
    known = infisical.credentials
    made = post(
        f"{infisical.url}/api/v1/auth/universal-auth/identities/{known['identityId']}/client-secrets",
        {"ttl": 3600},
        known["accessToken"],
    )

    understudy.clock.advance("61m")
    with pytest.raises(urllib.error.HTTPError):
        post(
            f"{infisical.url}/api/v1/auth/universal-auth/login",
            {"clientId": known["clientId"], "clientSecret": made["clientSecret"]},
        )
    assert "expired" in understudy.journal.last()["reason"]
