import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** The program's file: the platform's own package has it. UNDERSTUDY_BINARY names another. */
export function binary() {
  if (process.env.UNDERSTUDY_BINARY) return process.env.UNDERSTUDY_BINARY;
  const platform = `${process.platform}-${process.arch}`;
  const name = `@understudy-dev/understudy-${platform}`;
  try {
    return require.resolve(`${name}/bin/understudy${process.platform === "win32" ? ".exe" : ""}`);
  } catch (cause) {
    throw new Error(
      `Understudy's program for ${platform} is not installed: the package ${name} is missing. ` +
        "Install without --omit=optional, or set UNDERSTUDY_BINARY to a program of your own.",
      { cause },
    );
  }
}
