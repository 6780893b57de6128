import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { run } from "@understudy-dev/testcontainers";

let understudy;
before(async () => (understudy = await run({ env: { UNDERSTUDY_SEED: "ci" } })));
after(() => understudy.stop());

test("a login, and one that a fault hits", async () => {
  const { url, credentials } = understudy.providers.infisical;
  const login = () =>
    fetch(`${url}/api/v1/auth/universal-auth/login`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ clientId: credentials.clientId, clientSecret: credentials.clientSecret }),
    });
  await understudy.call("POST", "faults", { operation: "infisical POST /api/v1/auth/universal-auth/login", status: 503 });
  assert.equal((await login()).status, 503);
  assert.equal((await login()).status, 200);
});

test("what the control API refuses", async () => {
  await assert.rejects(understudy.call("POST", "clock/advance", { by: "-1h" }), /400/);
});

test("all providers have an address and credentials", () => {
  assert.deepEqual(Object.keys(understudy.providers).sort(), ["infisical", "ocs", "workos", "zitadel"]);
  for (const { url, credentials } of Object.values(understudy.providers)) assert.ok(url && Object.keys(credentials).length > 0);
});
