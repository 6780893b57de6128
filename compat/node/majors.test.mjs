// All majors of Infisical's Node.js SDK that are in use, unmodified, with everything
// that they offer for projects, environments, folders and secrets; only the base URL
// is not the service's.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'

const info = JSON.parse(await readFile(process.env.UNDERSTUDY_READY_FILE, 'utf8'))
const { url, credentials } = info.providers.infisical

for (const [major, name] of [[3, 'infisical-3'], [4, 'infisical-4'], [5, '@infisical/sdk']]) {
  test(`@infisical/sdk ${major}`, async () => {
    const { InfisicalSDK } = await import(name)
    const client = new InfisicalSDK({ siteUrl: url })
    await client.auth().universalAuth.login({ clientId: credentials.clientId, clientSecret: credentials.clientSecret })
    await client.auth().universalAuth.renew()

    const project = await client.projects().create({ projectName: `of ${major}`, type: 'secret-manager', projectDescription: 'compat', slug: `of-major-${major}` })
    assert.deepEqual([project.name, project.slug], [`of ${major}`, `of-major-${major}`])
    // People have no place in the emulated organization: the service's answer is not there.
    await assert.rejects(client.projects().inviteMembers({ projectId: project.id, emails: ['a@acme.example'], roleSlugs: ['member'] }), /501/)

    const environment = await client.environments().create({ name: 'Preview', projectId: project.id, slug: 'preview', position: 4 })
    assert.deepEqual([environment.slug, environment.projectId], ['preview', project.id])
    const there = { projectId: project.id, environment: 'preview' }

    const folder = await client.folders().create({ ...there, name: 'app', path: '/', description: 'of the app' })
    assert.equal(folder.name, 'app')
    if (major > 3) assert.deepEqual((await client.folders().listFolders(there)).map((f) => f.id), [folder.id])

    const secrets = client.secrets()
    const { secret: created } = await secrets.createSecret('KEY', { ...there, secretValue: 'v', secretComment: 'c', secretPath: '/app', type: 'shared' })
    assert.deepEqual([created.secretKey, created.version], ['KEY', 1])
    await secrets.createSecret('OTHER', { ...there, secretValue: 'of ${preview.app.KEY}' })
    const found = await secrets.getSecret({ ...there, secretName: 'OTHER', expandSecretReferences: true, includeImports: true })
    assert.equal(found.secretValue, 'of v')
    const list = await secrets.listSecrets({ ...there, recursive: true, expandSecretReferences: true, includeImports: true, viewSecretValue: true })
    assert.deepEqual(list.secrets.map((s) => [s.secretKey, s.secretValue]).sort(), [['KEY', 'v'], ['OTHER', 'of v']])
    assert.equal((await secrets.listSecretsWithImports({ ...there, secretPath: '/app' })).length, 1)
    await secrets.updateSecret('KEY', { ...there, secretPath: '/app', secretValue: 'w', newSecretName: 'NEW', secretComment: 'd' })
    const renamed = await secrets.getSecret({ ...there, secretPath: '/app', secretName: 'NEW' })
    assert.deepEqual([renamed.secretValue, renamed.secretComment, renamed.version], ['w', 'd', 2])
    await secrets.deleteSecret('NEW', { ...there, secretPath: '/app', type: 'shared' })
    await assert.rejects(secrets.getSecret({ ...there, secretPath: '/app', secretName: 'NEW' }), /404/)

    const other = new InfisicalSDK({ siteUrl: url })
    other.auth().accessToken(credentials.accessToken)
    assert.equal((await other.secrets().listSecrets(there)).secrets.length, 1)
  })
}
