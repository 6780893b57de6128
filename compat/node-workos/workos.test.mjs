// The official Node.js SDK of WorkOS, unmodified, against a running server whose
// ready file UNDERSTUDY_READY_FILE names.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'

import { WorkOS } from '@workos-inc/node'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const info = JSON.parse(await readFile(process.env.UNDERSTUDY_READY_FILE, 'utf8'))
const { url, credentials } = info.providers.workos
const { hostname, port } = new URL(url)
const workos = new WorkOS(credentials.apiKey, { apiHostname: hostname, port: Number(port), https: false, clientId: credentials.clientId })
const { connect } = workos
const { organizationId, applicationId } = credentials

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

// exchange asks for a token.
async function exchange(clientId, clientSecret) {
  const response = await fetch(`${url}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret, scope: 'openid profile email' }),
  })
  return { status: response.status, ...(await response.json()) }
}

test('applications', async () => {
  const machine = await connect.createM2MApplication('ci', organizationId, 'nightly', ['b', 'a'])
  assert.deepEqual([machine.applicationType, machine.organizationId, machine.description, machine.scopes], ['m2m', organizationId, 'nightly', ['b', 'a']])
  assert.ok(machine.createdAt instanceof Date)
  const bare = await connect.createM2MApplication('bare', organizationId)
  assert.equal(bare.description, null)

  const web = await connect.createOAuthApplication('web', true, null, ['openid'], [{ uri: 'https://a.example/callback', default: true }, { uri: 'https://b.example/callback' }], true)
  assert.deepEqual([web.applicationType, web.isFirstParty, web.usesPkce], ['oauth', true, true])
  assert.deepEqual(web.redirectUris, [{ uri: 'https://a.example/callback', default: true }, { uri: 'https://b.example/callback', default: false }])
  const partner = await connect.createOAuthApplication('partner', false, undefined, undefined, undefined, undefined, organizationId)
  assert.deepEqual([partner.isFirstParty, partner.wasDynamicallyRegistered, partner.organizationId], [false, false, organizationId])

  assert.equal((await connect.getApplication({ id: machine.clientId })).id, machine.id)
  // The SDK sends null for what it is not given: the description goes, lists stay.
  const renamed = await connect.updateApplication({ id: machine.id, name: 'renamed' })
  assert.deepEqual([renamed.name, renamed.description, renamed.scopes], ['renamed', null, ['b', 'a']])
  const described = await connect.updateApplication({ id: web.id, description: 'the site', scopes: [] })
  assert.deepEqual([described.name, described.description, described.scopes, described.redirectUris], ['web', 'the site', [], web.redirectUris])

  await connect.deleteApplication({ id: machine.id })
  await assert.rejects(connect.getApplication({ id: machine.id }), (error) => error.status === 404 && error.requestID !== '')
  await assert.rejects(connect.createM2MApplication('x', 'org_x'), { status: 404 })
  await assert.rejects(connect.createM2MApplication(7, organizationId), (error) => error.status === 422 && /name must be a string/.test(error.message))
  for (const { id } of [bare, web, partner]) await connect.deleteApplication({ id })
})

test('pages', async () => {
  const created = [applicationId]
  while (created.length < 250) {
    created.push((await connect.createM2MApplication(`ci-${created.length}`, organizationId)).id)
  }
  const newestFirst = created.toReversed()
  const ids = (list) => list.map((a) => a.id)
  const all = async (options) => ids(await (await connect.listApplications(options)).autoPagination())
  assert.deepEqual(await all({}), newestFirst)
  assert.deepEqual(await all({ order: 'desc' }), newestFirst)
  assert.deepEqual(await all({ order: 'asc' }), created)

  // A limit leaves the paging to the caller.
  const walk = async (order, cursor) => {
    const found = []
    for (let at; ; ) {
      const page = await connect.listApplications({ order, limit: 40, ...(at && { [cursor]: at }) })
      found.push(...ids(page.data))
      at = page.listMetadata[cursor]
      if (!at) return found
    }
  }
  assert.deepEqual(await walk('desc', 'after'), newestFirst)
  assert.deepEqual(await walk('asc', 'after'), created)
  assert.deepEqual(await walk('normal', 'before'), newestFirst)
  for (const id of created.slice(1)) await connect.deleteApplication({ id })
})

test('secrets', async () => {
  const app = await connect.createM2MApplication('rotating', organizationId, null, ['reports:read'])
  const first = await connect.createApplicationClientSecret({ id: app.id })
  assert.match(first.secret, /^[0-9a-f]{64}$/)
  assert.equal(first.lastUsedAt, null)
  const second = await connect.createApplicationClientSecret({ id: app.clientId })
  const token = await exchange(app.clientId, first.secret)
  assert.deepEqual([token.status, token.token_type, token.expires_in], [200, 'bearer', 300])
  assert.equal((await exchange(app.clientId, second.secret)).status, 200)

  const listed = await connect.listApplicationClientSecrets({ id: app.id })
  assert.deepEqual(listed.map((s) => [s.id, s.secretHint, s.lastUsedAt instanceof Date, s.secret]),
    [first, second].map((s) => [s.id, s.secretHint, true, undefined]))
  await connect.deleteClientSecret({ id: first.id })
  const refused = await exchange(app.clientId, first.secret)
  assert.deepEqual([refused.status, refused.error], [401, 'invalid_client'])

  // The token of the deleted secret verifies until it expires.
  const keys = createRemoteJWKSet(new URL(workos.userManagement.getJwksUrl(credentials.clientId)))
  const expect = { issuer: url, audience: credentials.clientId, algorithms: ['RS256'] }
  const { payload, protectedHeader } = await jwtVerify(token.access_token, keys, expect)
  assert.deepEqual([payload.sub, payload.client_id, payload.org_id, payload.scope], [app.clientId, app.clientId, organizationId, 'openid profile email'])
  assert.equal(protectedHeader.typ, undefined)
  const { now } = await control('POST', 'clock/advance', { by: '6m' })
  await assert.rejects(jwtVerify(token.access_token, keys, { ...expect, currentDate: new Date(now) }), { code: 'ERR_JWT_EXPIRED' })
  await connect.deleteApplication({ id: app.id })
})

test('a lost answer', async () => {
  const operation = 'workos POST /connect/applications/{id}/client_secrets'
  const app = await connect.createM2MApplication('lost', organizationId)
  const calls = async () => (await control('GET', `journal?operation=${encodeURIComponent(operation)}`)).entries?.length
  const before = await calls()
  await control('POST', 'faults', { operation, status: 503, after: true })
  const secret = await connect.createApplicationClientSecret({ id: app.id })
  assert.equal((await calls()) - before, 2)
  const listed = await connect.listApplicationClientSecrets({ id: app.id })
  assert.deepEqual(listed.map((s) => s.id), [secret.id])
  assert.equal((await exchange(app.clientId, secret.secret)).status, 200)
})

test('a sixth secret', async () => {
  const app = await connect.createM2MApplication('full', organizationId)
  for (let i = 0; i < 5; i++) await connect.createApplicationClientSecret({ id: app.id })
  await assert.rejects(connect.createApplicationClientSecret({ id: app.id }), { status: 422, message: 'An application can have at most 5 client secrets.' })
})

// Organizations and API keys, by each major of the SDK.
const majors = { 11: WorkOS }
for (const major of [10, 9, 8]) majors[major] = (await import(`workos-${major}`)).WorkOS
for (const [major, SDK] of Object.entries(majors)) {
  const { organizations, apiKeys } = new SDK(credentials.apiKey, { apiHostname: hostname, port: Number(port), https: false })

  test(`organizations with ${major}`, async () => {
    const made = await organizations.createOrganization({
      name: 'Acme', externalId: `ext_${major}`, metadata: { tier: 'gold', region: 'eu' },
      domainData: [{ domain: `acme${major}.example`, state: 'verified' }],
    }, { idempotencyKey: `acme-${major}` })
    assert.deepEqual([made.name, made.externalId, made.metadata], ['Acme', `ext_${major}`, { tier: 'gold', region: 'eu' }])
    assert.deepEqual(made.domains.map((d) => [d.domain, d.state, d.organizationId]), [[`acme${major}.example`, 'verified', made.id]])
    assert.equal((await organizations.getOrganization(made.id)).name, 'Acme')
    assert.equal((await organizations.getOrganizationByExternalId(`ext_${major}`)).id, made.id)
    const changed = await organizations.updateOrganization({ organization: made.id, name: 'Bolt', metadata: { tier: null } })
    assert.deepEqual([changed.name, changed.externalId, changed.metadata, changed.domains.length], ['Bolt', `ext_${major}`, { region: 'eu' }, 1])
    const { data } = await organizations.listOrganizations({ domains: [`acme${major}.example`] })
    assert.deepEqual(data.map((o) => o.id), [made.id])
    await organizations.deleteOrganization(made.id)
    await assert.rejects(organizations.getOrganization(made.id), { status: 404 })
  })

  test(`API keys with ${major}`, async () => {
    const validate = (value) => (apiKeys.createValidation ?? apiKeys.validateApiKey).call(apiKeys, { value })
    const keys = apiKeys.createOrganizationApiKey ? apiKeys : organizations // where 8 has it
    const key = await keys.createOrganizationApiKey({ organizationId, name: 'ci', permissions: ['posts:read'] })
    assert.match(key.value, /^sk_/)
    assert.deepEqual([key.name, key.permissions, key.owner, key.lastUsedAt], ['ci', ['posts:read'], { type: 'organization', id: organizationId }, null])
    assert.equal((await validate(key.value)).apiKey.id, key.id)
    const { data } = await keys.listOrganizationApiKeys({ organizationId })
    assert.deepEqual(data.map((k) => [k.id, k.obfuscatedValue, k.value, k.lastUsedAt === null]), [[key.id, key.obfuscatedValue, undefined, false]])

    // No version has a call for the end of a key.
    const { now } = await control('GET', 'clock')
    const response = await fetch(`${url}/api_keys/${key.id}/expire`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${credentials.apiKey}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ expires_at: new Date(Date.parse(now) + 3600_000) }),
    })
    assert.equal(response.status, 200)
    assert.equal((await validate(key.value)).apiKey.id, key.id)
    await control('POST', 'clock/advance', { by: '1h' })
    assert.equal((await validate(key.value)).apiKey, null)
    await apiKeys.deleteApiKey(key.id)
    await assert.rejects(apiKeys.deleteApiKey(key.id), { status: 404 })
  })
}
