// The official Node.js SDK of Infisical, unmodified, against a running server
// whose ready file UNDERSTUDY_READY_FILE names.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before, test } from 'node:test'

import { InfisicalSDK } from '@infisical/sdk'

const info = JSON.parse(await readFile(process.env.UNDERSTUDY_READY_FILE, 'utf8'))
const { url, credentials } = info.providers.infisical
const dev = { projectId: credentials.projectId, environment: 'dev' }

const client = new InfisicalSDK({ siteUrl: url })

before(async () => {
  await client.auth().universalAuth.login({ clientId: credentials.clientId, clientSecret: credentials.clientSecret })
})

// control calls the control API and decodes what it answers, if anything.
async function control(method, path, body) {
  const response = await fetch(`${info.control}/${path}`, {
    method,
    headers: body && { 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  })
  assert.ok(response.ok, `${method} ${path}: ${response.status}`)
  return response.status === 204 ? undefined : response.json()
}

test('renew', async () => {
  const token = client.auth().getAccessToken()
  await control('POST', 'clock/advance', { by: '1h' })
  await client.auth().universalAuth.renew()
  assert.notEqual(client.auth().getAccessToken(), token)
})

test('an access token that was handed over', async () => {
  const other = new InfisicalSDK({ siteUrl: url })
  other.auth().accessToken(credentials.accessToken)
  const { secrets } = await other.secrets().listSecrets(dev)
  assert.deepEqual(secrets.map((s) => s.secretKey).sort(), ['API_KEY', 'DATABASE_PASSWORD'])
})

test('secrets', async () => {
  const name = 'NODE_SECRET'
  const { secret: created } = await client.secrets().createSecret(name, { ...dev, secretValue: 'of ${API_KEY}', secretComment: 'compat' })
  assert.equal(created.version, 1)
  const expanded = await client.secrets().getSecret({ ...dev, secretName: name })
  const { secretValue: key } = await client.secrets().getSecret({ ...dev, secretName: 'API_KEY' })
  assert.equal(expanded.secretValue, `of ${key}`)
  const plain = await client.secrets().getSecret({ ...dev, secretName: name, expandSecretReferences: false })
  assert.equal(plain.secretValue, 'of ${API_KEY}')

  const { secret: updated } = await client.secrets().updateSecret(name, { ...dev, secretValue: 'other' })
  assert.deepEqual([updated.version, updated.secretValue], [2, 'other'])
  const first = await client.secrets().getSecret({ ...dev, secretName: name, version: 1, expandSecretReferences: false })
  assert.equal(first.secretValue, 'of ${API_KEY}')
  const all = await client.secrets().listSecretsWithImports({ ...dev, viewSecretValue: false })
  assert.ok(all.find((s) => s.secretKey === name).secretValueHidden)

  await client.secrets().deleteSecret(name, dev)
  await assert.rejects(client.secrets().getSecret({ ...dev, secretName: name }), /StatusCode=404.*Secret with name 'NODE_SECRET' not found/)
})

test('folders', async () => {
  const folder = await client.folders().create({ ...dev, name: 'node', path: '/' })
  const folders = await client.folders().listFolders(dev)
  assert.ok(folders.some((f) => f.id === folder.id))
  await client.secrets().createSecret('IN_FOLDER', { ...dev, secretPath: '/node', secretValue: 'v' })
  const { secrets } = await client.secrets().listSecrets({ ...dev, recursive: true })
  assert.equal(secrets.find((s) => s.secretKey === 'IN_FOLDER').secretPath, '/node')
})

test('a rate limit passes', async () => {
  const operation = 'infisical GET /api/v3/secrets/raw'
  const count = async () => (await control('GET', `journal?operation=${encodeURIComponent(operation)}&status=429`)).entries.length
  const already = await count()
  await control('POST', 'faults', { operation, status: 429 })
  const { secrets } = await client.secrets().listSecrets(dev)
  assert.ok(secrets.length >= 2)
  assert.equal(await count(), already + 1)
})
