import { afterAll, beforeAll, onTestFinished } from "vitest";

import { start } from "./index.js";

/**
 * Starts Understudy before the tests of the file or suite it is called in and ends
 * it behind them. sandbox() makes a world for the test that calls it.
 */
export function understudy(options) {
  let server;
  beforeAll(async () => {
    server = await start(options);
  });
  afterAll(() => server?.stop());
  return {
    get server() {
      return server;
    },
    async sandbox(startWith) {
      const sandbox = await server.sandbox(startWith);
      onTestFinished(() => sandbox.stop());
      return sandbox;
    },
  };
}
