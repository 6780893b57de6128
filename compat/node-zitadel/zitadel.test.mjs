// The official client for Node.js, unmodified, and plain Connect, against a running
// server whose ready file UNDERSTUDY_READY_FILE names.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'

import { createServerTransport } from '@zitadel/client/node'
import { createManagementServiceClient } from '@zitadel/client/v1'
import { createSettingsServiceClient, createUserServiceClient } from '@zitadel/client/v2'

const info = JSON.parse(await readFile(process.env.UNDERSTUDY_READY_FILE, 'utf8'))
const { url, credentials } = info.providers.zitadel
const transport = createServerTransport(credentials.accessToken, { baseUrl: url }) // gRPC
const management = createManagementServiceClient(transport)
const users = createUserServiceClient(transport)
const settings = createSettingsServiceClient(transport)

// connect makes a call as the SDKs that are generated from OpenAPI do: JSON over
// HTTP/1.1, without a protocol's header.
async function connect(procedure, message) {
  const response = await fetch(`${url}/${procedure}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${credentials.accessToken}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(message),
  })
  return { status: response.status, body: await response.json() }
}

// introspect asks whether a token is good, as an application with its secret.
async function introspect(clientId, secret, token = credentials.accessToken) {
  const response = await fetch(`${url}/oauth/v2/introspect`, {
    method: 'POST',
    headers: {
      Authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`,
      'Content-Type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ token }),
  })
  return { status: response.status, body: await response.json() }
}

test('the secret of an application', async () => {
  const { projectId } = credentials
  const made = await management.addAPIApp({ projectId, name: 'node' })
  const renewed = await management.regenerateAPIClientSecret({ projectId, appId: made.appId })
  assert.match(renewed.clientSecret, /^[0-9A-Za-z]{64}$/)

  const answer = await connect('zitadel.application.v2.ApplicationService/GenerateClientSecret', { projectId, applicationId: made.appId })
  assert.equal(answer.status, 200)
  assert.match(answer.body.clientSecret, /^[0-9A-Za-z]{64}$/)
  assert.ok(Date.parse(answer.body.creationDate))

  // Only the last one is good.
  assert.equal((await introspect(made.clientId, renewed.clientSecret)).body.error, 'unauthorized_client')
  assert.equal((await introspect(made.clientId, answer.body.clientSecret)).body.active, true)
})

test('a machine user', async () => {
  const user = await users.createUser({
    organizationId: credentials.organizationId,
    username: 'node',
    userType: { case: 'machine', value: { name: 'Node' } },
  })
  const { clientSecret } = await users.addSecret({ userId: user.id })
  const response = await fetch(`${url}/oauth/v2/token`, {
    method: 'POST',
    headers: { Authorization: `Basic ${Buffer.from(`node:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'openid' }),
  })
  assert.equal(response.status, 200)
  const { user: read } = await users.getUserByID({ userId: user.id })
  assert.equal(read.type.case, 'machine')
  assert.equal(read.type.value.hasSecret, true)
  await users.deleteUser({ userId: user.id })
})

test('roles in an introspected token', async () => {
  const { projectId } = credentials
  await management.addProjectRole({ projectId, roleKey: 'reader', displayName: 'Reader' })
  const { clientId, clientSecret } = await management.addAPIApp({ projectId, name: 'roles' })
  const { userId } = await management.addMachineUser({ userName: 'granted', name: 'Granted' })
  const { clientSecret: secret } = await management.generateMachineSecret({ userId })
  await management.addUserGrant({ userId, projectId, roleKeys: ['reader'] })
  const token = await fetch(`${url}/oauth/v2/token`, {
    method: 'POST',
    headers: { Authorization: `Basic ${Buffer.from(`granted:${secret}`).toString('base64')}` },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      scope: `openid urn:zitadel:iam:org:project:roles urn:zitadel:iam:org:project:id:${projectId}:aud`,
    }),
  }).then((response) => response.json())
  const { body } = await introspect(clientId, clientSecret, token.access_token)
  assert.equal(body.active, true)
  assert.deepEqual(Object.keys(body['urn:zitadel:iam:org:project:roles']), ['reader'])
})

test('refusals', async () => {
  const wanted = { projectId: credentials.projectId, applicationId: '1' }
  const answer = await connect('zitadel.application.v2.ApplicationService/GenerateClientSecret', wanted)
  assert.equal(answer.status, 404)
  assert.equal(answer.body.code, 'not_found')
  assert.equal(answer.body.details[0].debug.id, 'COMMAND-Kd92s')

  await assert.rejects(management.getAppByID({ projectId: credentials.projectId, appId: '1' }), (err) => {
    assert.equal(err.code, 5)
    assert.equal(err.rawMessage, 'Errors.App.NotExisting (QUERY-pCP8P)')
    assert.equal(err.details[0].type, 'zitadel.v1.ErrorDetail')
    assert.equal(err.metadata.get('x-understudy-reason'), 'there is no application 1')
    return true
  })
  await assert.rejects(management.listUserChanges({ userId: '1' }), { code: 12 })
})

test('the settings that every SDK asks for', async () => {
  const general = await settings.getGeneralSettings({})
  assert.equal(general.defaultOrgId, credentials.organizationId)
})
