export type Provider = "infisical" | "workos" | "zitadel" | "ocs";

/** Where a provider is, and what to call it with. */
export interface ProviderInfo {
  url: string;
  credentials: Record<string, string>;
}

/** What goes wrong with one call: see the page on faults. */
export interface Fault {
  status?: number;
  code?: string;
  message?: string;
  /** By real time, such as "2s". */
  delay?: string;
  drop?: boolean;
  truncate?: boolean;
  silent?: boolean;
  die?: boolean;
  /** The change is made, then the fault happens. */
  after?: boolean;
  /** How many calls pass before the first that is hit. */
  skip?: number;
  /** How many calls are hit; 1 if it is left out. */
  times?: number;
  retryAfter?: string;
  undocumented?: boolean;
}

export interface WaitingFault extends Fault {
  id: string;
  operation: string;
  always?: boolean;
}

/** One call, as the journal has it. */
export interface Entry {
  seq: number;
  time: string;
  provider: string;
  operation: string;
  nth: number;
  request: { method: string; url: string; header: Record<string, string[]>; body: string };
  response: { status: number; header: Record<string, string[]>; body: string };
  committed: boolean;
  changes?: { table: string; id: string; change: "added" | "replaced" | "removed" }[];
  outcome?: { status: number; body: string };
  reason?: string;
  differs?: string;
  fault?: string;
  breaches?: string[];
  warnings?: string[];
}

export interface Credential {
  provider: Provider;
  kind: "client-secret" | "access-token" | "refresh-token" | "personal-access-token" | "key" | "api-key";
  id: string;
  owner: { kind: string; id: string; name: string };
  hint?: string;
  created: string;
  expires?: string;
  uses: number;
  limit?: number;
  lastUsed?: string;
  /** Whether it works now. */
  live: boolean;
  /** Why it does not. */
  reason?: string;
  /** The journal entry of the call that made it. */
  entry?: number;
}

export interface JournalFilter {
  provider?: Provider;
  operation?: string;
  status?: number;
  since?: number;
  limit?: number;
}

/** What a world starts with. */
export interface Start {
  seed?: string;
  /** A world file's text, YAML or JSON. */
  world?: string;
  contract?: "documented" | "live";
  settings?: Partial<Record<Provider, Record<string, unknown>>>;
  populate?: number;
}

export interface World {
  /** Its address under which all providers have a path. */
  readonly gateway: string;
  /** The address of its control API. */
  readonly control: string;
  readonly providers: Record<Provider, ProviderInfo>;
  readonly clock: {
    now(): Promise<Date>;
    /** By a duration such as "90m" or "30d", or seconds. */
    advance(by: string | number): Promise<unknown>;
    set(to: Date | string): Promise<unknown>;
    freeze(): Promise<unknown>;
    resume(): Promise<unknown>;
  };
  readonly faults: {
    /** One fault a call, in order. */
    next(operation: string, ...faults: Fault[]): Promise<WaitingFault[]>;
    always(operation: string, fault: Fault): Promise<WaitingFault>;
    list(): Promise<WaitingFault[]>;
    remove(id: string): Promise<void>;
    clear(): Promise<void>;
  };
  readonly journal: {
    all(filter?: JournalFilter): Promise<Entry[]>;
    for(operation: string, filter?: JournalFilter): Promise<Entry[]>;
    last(): Promise<Entry | undefined>;
    clear(): Promise<void>;
  };
  inventory(filter?: { provider?: Provider; kind?: Credential["kind"]; owner?: string; live?: boolean }): Promise<Credential[]>;
  reset(start?: Start): Promise<unknown>;
  revive(): Promise<unknown>;
  /** Calls the control API. Rejects with a ControlError. */
  call(method: string, path: string, body?: unknown, query?: Record<string, unknown>): Promise<any>;
}

/** A world of its own on the same server. */
export interface Sandbox extends World {
  readonly id: string;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Server extends World {
  /** The newest of what the program has printed. */
  readonly log: string;
  sandbox(start?: Start & { listen?: string }): Promise<Sandbox>;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Options {
  /** Where the gateway listens, "127.0.0.1:0" if it is left out: providers have ports of their own. */
  listen?: string;
  providers?: Provider[];
  seed?: string;
  /** The path of a world file. */
  world?: string;
  contract?: "documented" | "live";
  /** By "provider.name". */
  settings?: Record<string, string | number | boolean>;
  /** The path of a file that keeps the world. */
  state?: string;
  /** Further flags of understudy serve. */
  args?: string[];
  /** How long to wait for it to listen, in milliseconds; 15,000 if it is left out. */
  timeout?: number;
}

export declare class ControlError extends Error {
  status: number;
  problem: { type?: string; title?: string; status?: number; detail?: string };
}

/** Starts Understudy and resolves when it listens. */
export declare function start(options?: Options): Promise<Server>;

/** The world of a server that somebody else has started, by its gateway's address. */
export declare function connect(gateway: string): Promise<World>;
