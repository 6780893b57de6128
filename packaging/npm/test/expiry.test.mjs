import assert from "node:assert/strict";
import { test } from "node:test";
import { understudy } from "@understudy-dev/understudy/node-test";

const world = understudy();

test("a secret that has expired is refused", async (t) => {
  const { clock, journal, providers } = await world.sandbox(t);
  const { url, credentials } = providers.infisical;

  const response = await fetch(`${url}/api/v1/auth/universal-auth/identities/${credentials.identityId}/client-secrets`, {
    method: "POST",
    headers: { Authorization: `Bearer ${credentials.accessToken}`, "Content-Type": "application/json" },
    body: JSON.stringify({ ttl: 3600 }),
  });
  const { clientSecret } = await response.json();

  await clock.advance("61m");
  const login = await fetch(`${url}/api/v1/auth/universal-auth/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ clientId: credentials.clientId, clientSecret }),
  });
  assert.equal(login.status, 401);
  assert.match((await journal.last()).reason, /expired/);
});
