import { WorkOS } from '@workos-inc/node'

const { WORKOS_BASE_URL, WORKOS_API_KEY, WORKOS_CLIENT_ID, APPLICATION_ID } = process.env
const { hostname, port, protocol } = new URL(WORKOS_BASE_URL)

const workos = new WorkOS(WORKOS_API_KEY, {
  apiHostname: hostname, // without a path: a sandbox needs ports of its own
  port: Number(port),
  https: protocol === 'https:',
  clientId: WORKOS_CLIENT_ID,
})
const { secret } = await workos.connect.createApplicationClientSecret({ id: APPLICATION_ID })
console.log(secret)
