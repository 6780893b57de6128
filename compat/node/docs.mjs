import { InfisicalSDK } from '@infisical/sdk'

const { INFISICAL_HOST, INFISICAL_UNIVERSAL_AUTH_CLIENT_ID, INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET, PROJECT_ID } = process.env

const client = new InfisicalSDK({ siteUrl: INFISICAL_HOST })
await client.auth().universalAuth.login({
  clientId: INFISICAL_UNIVERSAL_AUTH_CLIENT_ID,
  clientSecret: INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET,
})
const { secrets } = await client.secrets().listSecrets({ projectId: PROJECT_ID, environment: 'dev' })
console.log(secrets.map((secret) => secret.secretKey))
