import type { StartedTestContainer } from "testcontainers";

export interface Understudy {
  container: StartedTestContainer;
  /** Where its control API is, below /_understudy. */
  gateway: string;
  /** By name: infisical, workos, zitadel, ocs. */
  providers: Record<string, { url: string; credentials: Record<string, string> }>;
  /** Calls the control API: call("POST", "clock/advance", { by: "30d" }). */
  call(method: string, path: string, body?: unknown): Promise<any>;
  stop(): Promise<unknown>;
}

/**
 * Starts the image and resolves when it answers. The image is "understudy" unless
 * another is named; env has the twins of the command's flags, such as UNDERSTUDY_SEED.
 */
export declare function run(options?: { image?: string; env?: Record<string, string> }): Promise<Understudy>;
