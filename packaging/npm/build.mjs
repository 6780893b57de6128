// Packs the npm packages: node build.mjs VERSION BINARIES OUT
//
// BINARIES holds the programs as the release has them, one folder a platform
// (linux_amd64/understudy, windows_arm64/understudy.exe); OUT gets a tarball for
// each that is there, and the package that names them all.
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const [version, binaries, out] = process.argv.slice(2);
if (!out) {
  console.error("usage: node build.mjs VERSION BINARIES OUT");
  process.exit(2);
}

const systems = { linux: "linux", darwin: "darwin", windows: "win32" };
const processors = { amd64: "x64", arm64: "arm64" };
const main = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
const license = join(here, "..", "..", "LICENSE");

mkdirSync(out, { recursive: true });
const work = mkdtempSync(join(tmpdir(), "understudy-npm-"));
const pack = (folder) => execFileSync("npm", ["pack", "--silent", "--pack-destination", resolve(out)], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });

for (const [system, os] of Object.entries(systems)) {
  for (const [processor, cpu] of Object.entries(processors)) {
    const file = system === "windows" ? "understudy.exe" : "understudy";
    const program = join(binaries, `${system}_${processor}`, file);
    if (!existsSync(program)) continue;
    const name = `${main.name}-${os}-${cpu}`;
    const folder = join(work, `${os}-${cpu}`);
    mkdirSync(join(folder, "bin"), { recursive: true });
    cpSync(program, join(folder, "bin", file));
    chmodSync(join(folder, "bin", file), 0o755);
    cpSync(license, join(folder, "LICENSE"));
    writeFileSync(join(folder, "README.md"), `The program of ${main.name} for ${os} on ${cpu}. Install ${main.name}.\n`);
    const platform = { name, version, description: `The program of ${main.name} for ${os} on ${cpu}`, license: main.license, repository: main.repository, os: [os], cpu: [cpu], files: ["bin", "LICENSE"] };
    writeFileSync(join(folder, "package.json"), JSON.stringify(platform, null, 2) + "\n");
    pack(folder);
  }
}

const folder = join(work, "main");
mkdirSync(folder);
for (const name of readdirSync(here)) {
  if (/\.(js|d\.ts)$/.test(name) || name === "README.md") cpSync(join(here, name), join(folder, name));
}
cpSync(join(here, "bin"), join(folder, "bin"), { recursive: true });
cpSync(license, join(folder, "LICENSE"));
const optionalDependencies = Object.fromEntries(Object.keys(main.optionalDependencies).map((name) => [name, version]));
writeFileSync(join(folder, "package.json"), JSON.stringify({ ...main, version, optionalDependencies }, null, 2) + "\n");
pack(folder);
rmSync(work, { recursive: true });
