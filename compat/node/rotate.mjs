// A program that replaces the client secret it logs in with, by the official SDK. It
// keeps the secret in a file. TestRehearseNode rehearses it.
import { readFile, rename, writeFile } from 'node:fs/promises'

import { InfisicalSDK } from '@infisical/sdk'

const env = process.env
const file = `${env.UNDERSTUDY_CASE_DIR}/secret`
const secrets = `${env.UNDERSTUDY_INFISICAL_URL}/api/v1/auth/universal-auth/identities/${env.UNDERSTUDY_INFISICAL_IDENTITY_ID}/client-secrets`
const client = new InfisicalSDK({ siteUrl: env.UNDERSTUDY_INFISICAL_URL })

const logIn = (clientSecret) => client.auth().universalAuth.login({ clientId: env.UNDERSTUDY_INFISICAL_CLIENT_ID, clientSecret })

// call does what the SDK has no calls for.
async function call(method, path = '') {
  const response = await fetch(secrets + path, {
    method,
    headers: { authorization: `Bearer ${client.auth().getAccessToken()}`, 'content-type': 'application/json' },
    body: method === 'POST' ? '{}' : undefined,
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`)
  return response.json()
}

const stored = JSON.parse(await readFile(file, 'utf8'))
await logIn(stored.value)
const made = await call('POST')
const fresh = { id: made.clientSecretData.id, value: made.clientSecret }
await writeFile(`${file}.new`, JSON.stringify(fresh))
await rename(`${file}.new`, file) // whole, or not at all
if (env.REVOKE_BY_THE_OLD_TOKEN !== 'yes') await logIn(fresh.value)
const { clientSecretData } = await call('GET')
for (const { id } of clientSecretData) {
  if (id !== fresh.id) await call('POST', `/${id}/revoke`)
}
