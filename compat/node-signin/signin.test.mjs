// openid-client and oidc-client-ts, unmodified, sign people in at a running server
// whose ready file UNDERSTUDY_READY_FILE names.
import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'

import { createRemoteJWKSet, importPKCS8, jwtVerify } from 'jose'
import { InMemoryWebStorage, UserManager, WebStorageStateStore } from 'oidc-client-ts'
import * as oidc from 'openid-client'

const info = JSON.parse(await readFile(process.env.UNDERSTUDY_READY_FILE, 'utf8'))
const { ocs, workos, zitadel } = info.providers
const redirect_uri = 'https://app.example/callback'
const post_logout_redirect_uri = 'https://app.example/out'
const scope = 'openid email offline_access'

// call makes a JSON call and returns what it answers.
async function call(method, at, token, body) {
  const response = await fetch(at, {
    method,
    headers: { ...(token && { Authorization: `Bearer ${token}` }), 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  assert.ok(response.ok, `${method} ${at}: ${response.status}`)
  return response.status === 204 ? undefined : response.json()
}

const control = (path, body) => call('POST', `${info.control}/${path}`, undefined, body)

// visit is the browser: it goes to an address, and returns where it is sent back to.
async function visit(at) {
  const response = await fetch(at, { redirect: 'manual' })
  assert.equal(response.status, 302, `${at}: ${response.status}`)
  return response.headers.get('Location')
}

const application = (body) => call('POST', `${workos.url}/connect/applications`, workos.credentials.apiKey, {
  application_type: 'oauth', redirect_uris: [{ uri: redirect_uri }], ...body,
})

const project = `${zitadel.url}/management/v1/projects/${zitadel.credentials.projectId}`
const manage = (path, body) => call('POST', `${project}${path}`, zitadel.credentials.accessToken, body)
const zitadelApp = (name, method, more) => manage('/apps/oidc', {
  name, authMethodType: `OIDC_AUTH_METHOD_TYPE_${method}`, redirectUris: [redirect_uri], postLogoutRedirectUris: [post_logout_redirect_uri],
  grantTypes: ['OIDC_GRANT_TYPE_AUTHORIZATION_CODE', 'OIDC_GRANT_TYPE_REFRESH_TOKEN', 'OIDC_GRANT_TYPE_DEVICE_CODE'], ...more,
})

const discover = (url, id, authentication) => oidc.discovery(new URL(url), id, undefined, authentication, {
  execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks], // plain HTTP; signatures are verified
})

// signIn takes a code with openid-client: PKCE, state and nonce; the ID token is
// verified by what is published.
async function signIn(config, login_hint) {
  const verifier = oidc.randomPKCECodeVerifier()
  const [expectedNonce, expectedState] = [oidc.randomNonce(), oidc.randomState()]
  const back = await visit(oidc.buildAuthorizationUrl(config, {
    redirect_uri, scope, login_hint, nonce: expectedNonce, state: expectedState,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  }))
  return (configured = config) =>
    oidc.authorizationCodeGrant(configured, new URL(back), { expectedNonce, expectedState, pkceCodeVerifier: verifier, idTokenExpected: true })
}

// whole signs somebody in, asks who it is, and renews what it got.
async function whole(config) {
  const tokens = await (await signIn(config, 'ben@example.com'))()
  const user = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)
  assert.equal(user.email, 'ben@example.com')
  const next = await oidc.refreshTokenGrant(config, tokens.refresh_token)
  assert.notEqual(next.refresh_token, tokens.refresh_token)
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_grant' })
  return next
}

const last = [] // refresh tokens to look at when their time has passed

// rotated signs somebody in while the secret changes: the old one is refused and
// uses nothing up.
async function rotated(url, id, authentication, old, rotate) {
  const before = await discover(url, id, authentication(old))
  const swap = await signIn(before, 'cleo@example.com')
  const fresh = await rotate()
  const after = await discover(url, id, authentication(fresh))
  // A 401 with a challenge, as WorkOS answers, is an error of its own.
  const refused = (error) => error instanceof oidc.WWWAuthenticateChallengeError ? error.status === 401 : error.error === 'invalid_client'
  await assert.rejects(swap(before), refused)
  const { refresh_token } = await swap(after)
  await assert.rejects(oidc.refreshTokenGrant(before, refresh_token), refused)
  last.push([after, (await oidc.refreshTokenGrant(after, refresh_token)).refresh_token])
}

test('openid-client at WorkOS: a secret that is rotated, PKCE', async () => {
  const partner = await application({ name: 'Partner', is_first_party: false, organization_id: workos.credentials.organizationId })
  const secrets = `${workos.url}/connect/applications/${partner.id}/client_secrets`
  const first = await call('POST', secrets, workos.credentials.apiKey, {})
  await whole(await discover(workos.url, partner.client_id, oidc.ClientSecretPost(first.secret)))
  await rotated(workos.url, partner.client_id, oidc.ClientSecretBasic, first.secret, async () => {
    const second = await call('POST', secrets, workos.credentials.apiKey, {})
    await call('DELETE', `${workos.url}/connect/client_secrets/${first.id}`, workos.credentials.apiKey)
    return second.secret
  })
  const own = await application({ name: 'Own', is_first_party: true, uses_pkce: true })
  await whole(await discover(workos.url, own.client_id, oidc.None()))
})

test('openid-client at WorkOS: an application that registers itself', async () => {
  const config = await oidc.dynamicClientRegistration(new URL(workos.url), { redirect_uris: [redirect_uri], client_name: 'Self' }, undefined, {
    algorithm: 'oauth2', execute: [oidc.allowInsecureRequests],
  })
  const { client_id, client_secret } = config.clientMetadata()
  await whole(await discover(workos.url, client_id, oidc.ClientSecretBasic(client_secret)))
})

test('openid-client at ZITADEL: basic, post and no secret, end of session', async () => {
  for (const [method, authentication] of [['BASIC', oidc.ClientSecretBasic], ['POST', oidc.ClientSecretPost]]) {
    const app = await zitadelApp(method, method)
    const config = await discover(zitadel.url, app.clientId, authentication(app.clientSecret))
    const { id_token } = await whole(config)
    const out = oidc.buildEndSessionUrl(config, { id_token_hint: id_token, post_logout_redirect_uri, state: 'bye' })
    assert.equal(await visit(out), `${post_logout_redirect_uri}?state=bye`)
    await rotated(zitadel.url, app.clientId, authentication, app.clientSecret, async () =>
      (await manage(`/apps/${app.appId}/oidc_config/_generate_client_secret`, {})).clientSecret)
  }
  const native = await zitadelApp('native', 'NONE')
  await whole(await discover(zitadel.url, native.clientId, oidc.None()))
})

test('openid-client at ZITADEL: private_key_jwt', async () => {
  const app = await zitadelApp('key', 'PRIVATE_KEY_JWT')
  const { keyDetails } = await manage(`/apps/${app.appId}/keys`, { type: 'KEY_TYPE_JSON' })
  const { keyId, key } = JSON.parse(Buffer.from(keyDetails, 'base64'))
  const pem = createPrivateKey(key).export({ type: 'pkcs8', format: 'pem' })
  const authentication = oidc.PrivateKeyJwt({ key: await importPKCS8(pem, 'RS256'), kid: keyId })
  await whole(await discover(zitadel.url, app.clientId, authentication))
})

test('openid-client at WorkOS and ZITADEL: a device', async () => {
  const app = await zitadelApp('device', 'NONE')
  const own = await application({ name: 'TV', is_first_party: true })
  for (const [url, id] of [[zitadel.url, app.clientId], [workos.url, own.client_id]]) {
    const config = await discover(url, id, oidc.None())
    const device = await oidc.initiateDeviceAuthorization(config, { scope: 'openid' })
    await fetch(device.verification_uri_complete, { method: 'POST', body: new URLSearchParams({ person: 'ben@example.com' }) })
    const tokens = await oidc.pollDeviceAuthorizationGrant(config, { ...device, interval: 0.01 })
    assert.ok(tokens.claims().sub)
  }
})

// The storage and the window that oidc-client-ts uses of a browser: what is stored
// is forgotten, and a window goes where it is sent and comes back.
class Windows {
  async prepare() {
    return { navigate: async ({ url }) => ({ url: await visit(url) }), close() {} }
  }
  async callback() {}
}

// manager is an application in a browser, without a secret.
function manager(authority, client_id) {
  return new UserManager({
    authority, client_id, redirect_uri, popup_redirect_uri: redirect_uri, popup_post_logout_redirect_uri: post_logout_redirect_uri,
    scope, loadUserInfo: true, automaticSilentRenew: false,
    userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
    stateStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
  }, new Windows(), new Windows(), new Windows())
}

const browserClients = {
  OCS: async () => {
    const made = await call('POST', `${ocs.url}/api/v1/Tenants/${ocs.credentials.tenantId}/AuthorizationCodeClients`, ocs.credentials.accessToken, {
      Name: 'spa', RedirectUris: [redirect_uri], PostLogoutRedirectUris: [post_logout_redirect_uri], AllowOfflineAccess: true,
    })
    return [`${ocs.url}/identity`, made.Id]
  },
  WorkOS: async () => [workos.url, (await application({ name: 'SPA', is_first_party: true, uses_pkce: true })).client_id],
  ZITADEL: async () => [zitadel.url, (await zitadelApp('spa', 'NONE')).clientId],
}
for (const [name, make] of Object.entries(browserClients)) {
  test(`oidc-client-ts at ${name}`, async () => {
    const [authority, client] = await make()
    const app = manager(authority, client)
    const nonce = 'a nonce'
    const user = await app.signinPopup({ nonce, login_hint: 'cleo@example.com', state: { page: '/' } })
    assert.deepEqual([user.profile.email, user.state, user.expired], ['cleo@example.com', { page: '/' }, false])
    const metadata = await app.metadataService.getMetadata()
    const { payload } = await jwtVerify(user.id_token, createRemoteJWKSet(new URL(metadata.jwks_uri)), { issuer: metadata.issuer, audience: client })
    assert.deepEqual([payload.sub, payload.nonce], [user.profile.sub, nonce])

    const renewed = await app.signinSilent() // by the refresh token
    assert.notEqual(renewed.refresh_token, user.refresh_token)
    assert.equal(renewed.profile.sub, user.profile.sub)
    const replay = fetch(metadata.token_endpoint, {
      method: 'POST', body: new URLSearchParams({ grant_type: 'refresh_token', client_id: client, refresh_token: user.refresh_token }),
    })
    assert.equal((await (await replay).json()).error, 'invalid_grant')

    if (metadata.end_session_endpoint) {
      await app.signoutPopup()
    } else {
      await app.removeUser() // WorkOS has no end of session
    }
    assert.equal(await app.getUser(), null)
    last.push([await discover(authority, client, oidc.None()), renewed.refresh_token])
  })
}

test('after 91 days', async () => {
  await control('clock/advance', { by: '91d' })
  assert.equal(last.length, 6)
  for (const [config, token] of last) await assert.rejects(oidc.refreshTokenGrant(config, token), { error: 'invalid_grant' })
})
