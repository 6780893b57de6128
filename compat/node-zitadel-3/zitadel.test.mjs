// The older official client for Node.js, unmodified: gRPC of the first version, with
// each of its ways to authenticate.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'

import { createAccessTokenInterceptor, createManagementClient, createServiceAccountInterceptor } from '@zitadel/node/dist/api/index.js'
import { Application, ServiceAccount } from '@zitadel/node/dist/credentials/index.js'

const info = JSON.parse(await readFile(process.env.UNDERSTUDY_READY_FILE, 'utf8'))
const { url, credentials } = info.providers.zitadel
const { projectId } = credentials
const management = createManagementClient(url, createAccessTokenInterceptor(credentials.accessToken))

test('roles and grants in an introspected token', async () => {
  await management.addProjectRole({ projectId, roleKey: 'reader', displayName: 'Reader', group: '' })
  const api = await management.addAPIApp({ projectId, name: 'node-3', authMethodType: 1 })
  const key = await management.addAppKey({ projectId, appId: api.appId, type: 1 })
  const { userId } = await management.addMachineUser({ userName: 'node-3', name: 'Node 3' })
  await management.addUserGrant({ userId, projectId, roleKeys: ['reader'] })
  const machineKey = await management.addMachineKey({ userId, type: 1 })

  // The machine user proves its key, the application its own.
  const account = ServiceAccount.fromJsonString(Buffer.from(machineKey.keyDetails).toString())
  const token = await account.authenticate(url, { projectAudiences: [projectId], additionalScopes: ['urn:zitadel:iam:org:project:roles'] })
  const application = Application.fromJsonString(Buffer.from(key.keyDetails).toString())
  const response = await fetch(`${url}/oauth/v2/introspect`, {
    method: 'POST',
    body: new URLSearchParams({
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await application.getSignedJwt(url),
      token,
    }),
  })
  const body = await response.json()
  assert.equal(body.active, true)
  assert.equal(body.username, 'node-3')
  assert.deepEqual(Object.keys(body['urn:zitadel:iam:org:project:roles']), ['reader'])
})

test('the secret of an application', async () => {
  const api = await management.addAPIApp({ projectId, name: 'node-3-secret', authMethodType: 0 })
  const fresh = await management.regenerateAPIClientSecret({ projectId, appId: api.appId })
  assert.match(fresh.clientSecret, /^[0-9A-Za-z]{64}$/)
})

test('a service account with a role', async () => {
  const { userId } = await management.addMachineUser({ userName: 'owner-3', name: 'Owner' })
  await management.addOrgMember({ userId, roles: ['ORG_OWNER'] })
  const key = await management.addMachineKey({ userId, type: 1 })
  const account = ServiceAccount.fromJsonString(Buffer.from(key.keyDetails).toString())
  const own = createManagementClient(url, createServiceAccountInterceptor(url, account, { apiAccess: true }))
  const { result } = await own.listProjects({ queries: [] })
  assert.ok(result.some(({ id }) => id === projectId))
})
