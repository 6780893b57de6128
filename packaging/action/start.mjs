// Starts Understudy for the later steps of a job, waits until it answers, and gives
// them the variables of the chosen providers. See ../../action.yml.
import { execFileSync, spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { appendFileSync, mkdtempSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const patience = 60_000; // ms until it has to answer
const input = (name) => (process.env[`INPUT_${name.toUpperCase()}`] ?? "").trim();
const words = (name) => input(name).split(/\s+/).filter(Boolean);
const folder = mkdtempSync(join(process.env.RUNNER_TEMP || tmpdir(), "understudy-"));

/** Writes a value where the runner reads it: ENV, OUTPUT or STATE. */
function tell(file, name, value) {
  const end = randomUUID();
  appendFileSync(process.env[`GITHUB_${file}`], `${name}<<${end}\n${value}\n${end}\n`);
}

async function fetchOK(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

/** Downloads the program of a release and holds it to the release's checksums. */
async function download() {
  const named = input("version") || (/^v\d+\.\d+\.\d+/.test(process.env.GITHUB_ACTION_REF ?? "") ? process.env.GITHUB_ACTION_REF : "");
  const windows = process.platform === "win32";
  const processor = { x64: "amd64", arm64: "arm64" }[process.arch];
  const archive = `understudy_${windows ? "windows" : process.platform}_${processor}.${windows ? "zip" : "tar.gz"}`;
  const server = process.env.GITHUB_SERVER_URL || "https://github.com";
  const releases = `${server}/${process.env.GITHUB_ACTION_REPOSITORY || "understudy-dev/understudy"}/releases`;
  const release = named ? `${releases}/download/${named}` : `${releases}/latest/download`;
  const [content, sums] = await Promise.all([fetchOK(`${release}/${archive}`), fetchOK(`${release}/checksums.txt`)]);
  const sum = createHash("sha256").update(content).digest("hex");
  if (!sums.toString().split("\n").includes(`${sum}  ${archive}`)) throw new Error(`${archive} is not what checksums.txt of ${release} says`);
  const file = join(folder, archive);
  writeFileSync(file, content);
  execFileSync(windows ? join(process.env.SystemRoot, "System32", "tar.exe") : "tar", ["-xf", file, "-C", folder]);
  return join(folder, windows ? "understudy.exe" : "understudy");
}

/** Starts the image; resolves to its gateway, and to what asks the command in it. */
function startImage(image) {
  const run = ["run", "-d", "--rm", "-p", "127.0.0.1:8600-8604:8600-8604", image, "serve", ...words("args")];
  const id = execFileSync("docker", run, { encoding: "utf8" }).trim();
  const docker = (...args) => execFileSync("docker", args, { encoding: "utf8" });
  const gateway = `http://${docker("port", id, "8600/tcp").trim()}`;
  return {
    gateway: () => gateway,
    log: () => docker("logs", id),
    ask: (...args) => docker("exec", id, "/understudy", ...args),
  };
}

function startProgram(program) {
  const ready = join(folder, "ready.json");
  const log = join(folder, "log");
  const out = openSync(log, "w");
  const child = spawn(program, ["serve", "--ready-file", ready, ...words("args")], { detached: true, stdio: ["ignore", out, out] });
  let failed;
  child.once("error", (error) => (failed = error));
  child.once("exit", (status) => (failed = new Error(`it ended with ${status}`)));
  child.unref(); // it ends with the job
  const gateway = () => {
    if (failed) throw failed;
    return JSON.parse(readFileSync(ready, "utf8")).gateway;
  };
  return {
    gateway,
    log: () => readFileSync(log, "utf8"),
    ask: (...args) => execFileSync(program, [...args, "--url", gateway()], { encoding: "utf8" }),
  };
}

const server = input("image") ? startImage(input("image")) : startProgram(input("binary") || (await download()));
let gateway;
for (const until = Date.now() + patience; ; ) {
  try {
    gateway = server.gateway();
    await fetchOK(`${gateway}/_understudy/health`);
    break;
  } catch (error) {
    const waiting = error.code === "ENOENT" && error.path?.endsWith("ready.json");
    if (Date.now() > until || (gateway === undefined && !waiting)) {
      console.log(server.log());
      console.log(`::error::Understudy does not answer: ${error.message}`);
      process.exit(1);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
tell("OUTPUT", "gateway", gateway);
tell("STATE", "gateway", gateway);
console.log(`Understudy answers at ${gateway}`);
for (const provider of words("providers")) {
  const variables = JSON.parse(server.ask("env", provider, "--format", "json"));
  for (const [name, value] of Object.entries(variables)) tell("ENV", name, value);
  console.log(`${provider}: ${Object.keys(variables).join(", ")}`);
}
