import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { binary } from "./binary.js";

/** An answer of the control API that refuses. */
export class ControlError extends Error {
  constructor(method, url, status, problem) {
    super(`${method} ${url}: ${status}: ${problem.detail ?? problem.title ?? "no reason"}`);
    this.name = "ControlError";
    this.status = status;
    this.problem = problem;
  }
}

/** A world: that of a server, or a sandbox of it. */
class World {
  #control;

  constructor(info) {
    this.#control = info.control;
    this.gateway = info.gateway;
    this.control = info.control;
    this.providers = info.providers;
    const post = (path, body) => this.call("POST", path, body);
    this.clock = {
      now: async () => new Date((await this.call("GET", "clock")).now),
      advance: (by) => post("clock/advance", { by }),
      set: (to) => post("clock/set", { to: to instanceof Date ? to.toISOString() : to }),
      freeze: () => post("clock/freeze"),
      resume: () => post("clock/resume"),
    };
    this.faults = {
      next: async (operation, ...faults) => {
        const made = [];
        for (const fault of faults) made.push(await post("faults", { operation, ...fault }));
        return made;
      },
      always: (operation, fault) => post("faults", { operation, ...fault, always: true }),
      list: async () => (await this.call("GET", "faults")).faults,
      remove: (id) => this.call("DELETE", `faults/${encodeURIComponent(id)}`),
      clear: () => this.call("DELETE", "faults"),
    };
    this.journal = {
      all: async (filter = {}) => (await this.call("GET", "journal", undefined, filter)).entries,
      for: (operation, filter = {}) => this.journal.all({ ...filter, operation }),
      last: async () => (await this.journal.all({ limit: 1 }))[0],
      clear: () => this.call("DELETE", "journal"),
    };
  }

  /** Calls the control API. */
  async call(method, path, body, query = {}) {
    const url = new URL(`${this.#control}/${path}`);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    const response = await fetch(url, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    const value = text === "" ? undefined : JSON.parse(text);
    if (!response.ok) throw new ControlError(method, url.pathname, response.status, value ?? {});
    return value;
  }

  /** Every credential, and whether it works. */
  async inventory(filter = {}) {
    return (await this.call("GET", "inventory", undefined, filter)).credentials;
  }

  /** Starts the world over. */
  reset(start = {}) {
    return this.call("POST", "reset", start);
  }

  /** Ends what a fault "die" began. */
  revive() {
    return this.call("POST", "revive");
  }
}

class Sandbox extends World {
  #server;

  constructor(info, server) {
    super(info);
    this.id = info.id;
    this.#server = server;
  }

  /** Ends the sandbox. */
  stop() {
    return this.#server.call("DELETE", `sandboxes/${encodeURIComponent(this.id)}`);
  }

  [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]() {
    return this.stop();
  }
}

class Server extends World {
  #child;
  #log;

  constructor(info, child, log) {
    super(info);
    this.#child = child;
    this.#log = log;
  }

  /** What the program has printed. */
  get log() {
    return this.#log();
  }

  /** Makes a world of its own, with ports of its own. */
  async sandbox(start = {}) {
    const info = await this.call("POST", "sandboxes", { listen: "127.0.0.1:0", ...start });
    return new Sandbox(info, this);
  }

  /** Ends the program and waits until it has ended. */
  async stop() {
    await end(this.#child);
  }

  [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]() {
    return this.stop();
  }
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await ended;
  clearTimeout(timer);
}

function flags({ listen = "127.0.0.1:0", providers, seed, world, contract, settings = {}, state, args = [] }) {
  const all = ["serve", "--listen", listen];
  for (const name of providers ?? []) all.push("--provider", name);
  for (const [name, value] of Object.entries({ seed, world, contract, state })) {
    if (value !== undefined) all.push(`--${name}`, value);
  }
  for (const [name, value] of Object.entries(settings)) all.push("--set", `${name}=${value}`);
  return [...all, ...args];
}

/** Starts Understudy and resolves when it listens. */
export async function start(options = {}) {
  const folder = await mkdtemp(join(tmpdir(), "understudy-"));
  const ready = join(folder, "ready.json");
  const child = spawn(binary(), [...flags(options), "--ready-file", ready], { stdio: ["ignore", "pipe", "pipe"] });
  const printed = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text) => {
      printed.push(text);
      if (printed.length > 1000) printed.shift();
    });
  }
  const log = () => printed.join("");
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.removeListener("exit", kill));
  let failed;
  child.once("error", (error) => (failed = error));

  const patience = options.timeout ?? 15_000;
  try {
    for (const until = Date.now() + patience; ; ) {
      if (failed) throw failed;
      if (child.exitCode !== null) throw new Error(`understudy ended with ${child.exitCode}:\n${log()}`);
      try {
        const info = JSON.parse(await readFile(ready, "utf8"));
        child.unref();
        for (const stream of [child.stdout, child.stderr]) stream.unref?.();
        return new Server(info, child, log);
      } catch (error) {
        if (error.code !== "ENOENT") throw error;
      }
      if (Date.now() > until) throw new Error(`understudy was not ready within ${patience} ms:\n${log()}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  } catch (error) {
    if (!failed) await end(child);
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A world of a server that somebody else has started, at its gateway's address. */
export async function connect(gateway) {
  const response = await fetch(new URL("/_understudy/info", gateway));
  if (!response.ok) throw new Error(`${gateway} does not answer as Understudy: ${response.status}`);
  return new World(await response.json());
}
