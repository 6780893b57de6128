// openid-client and jose, unmodified, against a running server whose ready file
// UNDERSTUDY_READY_FILE names.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'

import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as oidc from 'openid-client'

const info = JSON.parse(await readFile(process.env.UNDERSTUDY_READY_FILE, 'utf8'))
const { url, credentials } = info.providers.ocs
const { tenantId, clientId, clientSecret } = credentials
const secrets = `${url}/api/v1/Tenants/${tenantId}/ClientCredentialClients/${clientId}/Secrets`

// discover reads the discovery document; it is plain HTTP that needs leave.
function discover(secret, authentication) {
  return oidc.discovery(new URL(`${url}/identity`), clientId, undefined, authentication(secret), {
    execute: [oidc.allowInsecureRequests],
  })
}

// control calls the control API.
async function control(path, body) {
  const response = await fetch(`${info.control}/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  assert.ok(response.ok, `${path}: ${response.status}`)
  return response.json()
}

for (const authentication of [oidc.ClientSecretBasic, oidc.ClientSecretPost]) {
  test(`a token by ${authentication.name}, verified`, async () => {
    const config = await discover(clientSecret, authentication)
    const metadata = config.serverMetadata()
    assert.equal(metadata.issuer, `${url}/identity`)
    const token = await oidc.clientCredentialsGrant(config, { scope: 'ocsapi' })
    assert.equal(token.expires_in, 3600)

    const keys = createRemoteJWKSet(new URL(metadata.jwks_uri))
    const { payload } = await jwtVerify(token.access_token, keys, { issuer: metadata.issuer, audience: 'ocsapi' })
    assert.equal(payload.client_id, clientId)
    assert.equal(payload.tid, tenantId)

    const tenant = await oidc.fetchProtectedResource(
      config, token.access_token, new URL(`${url}/api/v1/Tenants/${tenantId}`), 'GET')
    assert.equal((await tenant.json()).Id, tenantId)
    const user = await oidc.fetchUserInfo(config, token.access_token, oidc.skipSubjectCheck)
    assert.equal(user.sub, clientId)
  })

  test(`a wrong secret by ${authentication.name}`, async () => {
    const config = await discover('wrong', authentication)
    await assert.rejects(oidc.clientCredentialsGrant(config), (error) => {
      assert.ok(error instanceof oidc.ResponseBodyError)
      assert.equal(error.error, 'invalid_client')
      assert.equal(error.status, 400)
      return true
    })
  })
}

test('a secret that is added and expires', async () => {
  const { now } = await (await fetch(`${info.control}/clock`)).json()
  const response = await fetch(secrets, {
    method: 'POST',
    headers: { Authorization: `Bearer ${credentials.accessToken}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ Expiration: new Date(Date.parse(now) + 600_000), Expires: true }),
  })
  assert.equal(response.status, 201)
  const { Secret } = await response.json()
  const config = await discover(Secret, oidc.ClientSecretPost)
  await oidc.clientCredentialsGrant(config)
  await control('clock/advance', { by: '11m' })
  await assert.rejects(oidc.clientCredentialsGrant(config), { error: 'invalid_client' })
  await oidc.clientCredentialsGrant(await discover(clientSecret, oidc.ClientSecretPost))
})
