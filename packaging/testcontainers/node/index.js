import { GenericContainer, Wait } from "testcontainers";

const ports = { infisical: 8601, workos: 8602, zitadel: 8603, ocs: 8604 };

/** Starts the image and resolves when it answers. */
export async function run({ image = "understudy", env = {} } = {}) {
  const container = await new GenericContainer(image)
    .withEnvironment(env)
    .withExposedPorts(8600, ...Object.values(ports))
    .withWaitStrategy(Wait.forHttp("/_understudy/health", 8600)) // the image has no shell to look in
    .start();
  // The mapped ports are others than the container's.
  const at = (port) => `http://${container.getHost()}:${container.getMappedPort(port)}`;
  const gateway = at(8600);

  const call = async (method, path, body) => {
    const response = await fetch(`${gateway}/_understudy/${path}`, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    const value = text === "" ? undefined : JSON.parse(text);
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status}: ${value?.detail ?? text}`);
    return value;
  };

  try {
    const info = await call("GET", "info");
    const providers = {};
    for (const [name, { credentials }] of Object.entries(info.providers)) providers[name] = { url: at(ports[name]), credentials };
    return { container, gateway, providers, call, stop: () => container.stop() };
  } catch (error) {
    await container.stop();
    throw error;
  }
}
