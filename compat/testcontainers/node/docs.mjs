import { GenericContainer, Wait } from 'testcontainers'

const understudy = await new GenericContainer('understudy')
  .withExposedPorts(8600, 8601, 8602, 8603, 8604)
  .withWaitStrategy(Wait.forHttp('/_understudy/health', 8600))
  .start()
const at = (port) => `http://${understudy.getHost()}:${understudy.getMappedPort(port)}`

const info = await (await fetch(`${at(8600)}/_understudy/info`)).json()
const { clientId, clientSecret } = info.providers.infisical.credentials
const login = await fetch(`${at(8601)}/api/v1/auth/universal-auth/login`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ clientId, clientSecret }),
})
console.log(login.status)

await understudy.stop()
