// What the package gives, in two sandboxes at the same time: .ci/packages runs it where
// the packed tarballs are installed.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ControlError, connect, start } from "@understudy-dev/understudy";
import { understudy } from "@understudy-dev/understudy/node-test";

const login = "infisical POST /api/v1/auth/universal-auth/login";

function logIn({ url, credentials }) {
  return fetch(`${url}/api/v1/auth/universal-auth/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ clientId: credentials.clientId, clientSecret: credentials.clientSecret }),
  });
}

describe("two sandboxes", { concurrency: 2 }, () => {
  const world = understudy({ providers: ["infisical"] });
  const met = {};
  const meeting = new Promise((resolve) => (met.both = resolve));

  for (const [name, other] of [["one", "two"], ["two", "one"]]) {
    test(name, async (t) => {
      const sandbox = await world.sandbox(t, { seed: name });
      // Neither goes on before the other has its world: both are there at a time.
      met[name] = sandbox;
      if (met[other]) met.both();
      await meeting;
      assert.notEqual(met.one.providers.infisical.url, met.two.providers.infisical.url);

      const began = await sandbox.clock.now();
      if (name === "one") {
        await sandbox.clock.advance("30d");
        await sandbox.faults.next(login, { status: 503 });
        assert.equal((await sandbox.faults.list()).length, 1);
        assert.equal((await logIn(sandbox.providers.infisical)).status, 503);
      }
      assert.equal((await logIn(sandbox.providers.infisical)).status, 200);
      assert.equal((await sandbox.journal.for(login)).length, name === "one" ? 2 : 1);
      assert.equal((await sandbox.clock.now()) - began >= 30 * 24 * 3600 * 1000, name === "one");
      const tokens = await sandbox.inventory({ kind: "access-token", live: true });
      assert.ok(tokens.some((token) => token.entry !== undefined), "the inventory has the token that the log-in gave");
    });
  }
});

test("a server of one's own", async () => {
  const server = await start({ seed: "own", settings: { "infisical.rateLimit": 100 } });
  try {
    const same = await connect(server.gateway);
    assert.deepEqual(same.providers.infisical.credentials, server.providers.infisical.credentials);
    await assert.rejects(server.clock.advance("-1h"), (error) => error instanceof ControlError && error.status === 400);
    await server.reset({ seed: "other" });
    assert.notDeepEqual((await connect(server.gateway)).providers.infisical.credentials, same.providers.infisical.credentials);
  } finally {
    await server.stop();
  }
  await assert.rejects(fetch(`${server.gateway}/_understudy/health`), "it listens after stop");
});

test("a program that cannot start says why", async () => {
  await assert.rejects(start({ contract: "no-such-contract" }), /contract/);
});
