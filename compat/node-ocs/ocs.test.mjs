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

const clients = `${url}/api/v1/Tenants/${credentials.tenantId}/HybridClients`
const redirect_uri = 'http://localhost:5000/signin-oidc'
const post_logout_redirect_uri = 'http://localhost:5000/out'

async function create(at, body) {
  const response = await fetch(at, {
    method: 'POST',
    headers: { Authorization: `Bearer ${credentials.accessToken}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  assert.equal(response.status, 201)
  return response.json()
}

// A hybrid client with two live secrets, all the way to the end of the session. It
// stands before what moves the clock.
test('code id_token, userinfo, refresh, logout, by either of two secrets', async () => {
  const made = await create(clients, {
    Name: 'openid-client', RedirectUris: [redirect_uri], PostLogoutRedirectUris: [post_logout_redirect_uri], AllowOfflineAccess: true,
  })
  const second = await create(`${clients}/${made.Client.Id}/Secrets`, { Expires: false })
  for (const secret of [made.Secret, second.Secret]) {
    const config = await oidc.discovery(new URL(`${url}/identity`), made.Client.Id, undefined, oidc.ClientSecretPost(secret), {
      execute: [oidc.allowInsecureRequests, oidc.useCodeIdTokenResponseType],
    })
    const verifier = oidc.randomPKCECodeVerifier()
    const nonce = oidc.randomNonce()
    const state = oidc.randomState()
    const ask = oidc.buildAuthorizationUrl(config, {
      redirect_uri, nonce, state, scope: 'openid email ocsapi offline_access', login_hint: 'ben@example.com',
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    })
    const answer = await fetch(ask, { redirect: 'manual' })
    assert.equal(answer.status, 302)
    const back = new URL(answer.headers.get('Location'))
    const checks = { expectedNonce: nonce, expectedState: state, pkceCodeVerifier: verifier }
    const tokens = await oidc.authorizationCodeGrant(config, back, checks)
    const subject = tokens.claims().sub
    const user = await oidc.fetchUserInfo(config, tokens.access_token, subject)
    assert.equal(user.email, 'ben@example.com')

    const next = await oidc.refreshTokenGrant(config, tokens.refresh_token)
    assert.notEqual(next.refresh_token, tokens.refresh_token)
    await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_grant' })

    const end = oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri, state: 'bye' })
    const out = await fetch(end, { redirect: 'manual' })
    assert.equal(out.headers.get('Location'), `${post_logout_redirect_uri}?state=bye`)
  }
})

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
