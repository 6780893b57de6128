import { after, before } from "node:test";

import { start } from "./index.js";

/**
 * Starts Understudy before the tests of the file or suite it is called in and ends
 * it behind them. sandbox(t) makes a world for one test.
 */
export function understudy(options) {
  let server;
  before(async () => {
    server = await start(options);
  });
  after(() => server?.stop());
  return {
    get server() {
      return server;
    },
    async sandbox(t, startWith) {
      const sandbox = await server.sandbox(startWith);
      t.after(() => sandbox.stop());
      return sandbox;
    },
  };
}
