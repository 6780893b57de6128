import * as oidc from 'openid-client'

const { Resource, TenantId, ClientId, ClientSecret } = process.env

const config = await oidc.discovery(new URL(`${Resource}/identity`), ClientId, ClientSecret, undefined, {
  execute: [oidc.allowInsecureRequests], // for plain HTTP
})
const { access_token } = await oidc.clientCredentialsGrant(config, { scope: 'ocsapi' })
const tenant = new URL(`${Resource}/api/v1/Tenants/${TenantId}`)
const response = await oidc.fetchProtectedResource(config, access_token, tenant, 'GET')
console.log(await response.json())
