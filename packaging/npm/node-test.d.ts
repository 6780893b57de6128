import type { TestContext } from "node:test";
import type { Options, Sandbox, Server, Start } from "./index.js";

/** Starts Understudy before the tests of the file or suite it is called in, and ends it behind them. */
export declare function understudy(options?: Options): {
  readonly server: Server;
  /** A world for one test. */
  sandbox(t: TestContext, start?: Start): Promise<Sandbox>;
};
