import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BundleName, bundle, bundleAgent, bundleOne, changesPlugin, compactCommands } from '../../scripts/bundle.ts'
import { masterKeysFrom } from '../../src/domain/seal.ts'
import type { OperatorRegistry } from '../../src/registry/index.ts'
import { sealForAgent } from '../../src/runtime/agent/index.ts'
import { publishedDocs } from '../../src/runtime/gateway/docs/published.ts'
import { discoverEndpoints } from '../../src/runtime/gateway/versions/endpoints.ts'

let folder: string
let made: Awaited<ReturnType<typeof bundle>>
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'apigw-bundle-'))
  made = await bundle(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The files with code in a bundle. Files that were read but dropped do not count. */
function filesIn(name: BundleName): string[] {
  const outputs = Object.values(made.get(name)?.outputs ?? {})
  return outputs.flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  )
}

const names = [
  'gateway',
  'authorizer',
  'gateway-dynamodb',
  'authorizer-dynamodb',
  'worker',
  'reports',
  'webhooks',
  'admin',
  'notifier',
  'ip-sets',
  'endpoint-addresses',
  'database-user',
] as const

describe.each(names)('the bundle of the %s', (name) => {
  it('has a handler, and nothing from the command line or an AWS SDK', async () => {
    const module: { handler?: unknown } = await import(pathToFileURL(join(folder, `${name}.mjs`)).href)
    expect(module.handler).toBeTypeOf('function')
    expect(
      filesIn(name).filter((file) =>
        /@aws-sdk|@oclif|inquirer|src\/(?:commands|cli|presenters|client|dev|operations|aws|registry\/remote)\//.test(file),
      ),
    ).toEqual([])
  })
})

it('the gateway stays small, contains no database, and has every endpoint', async () => {
  expect(statSync(join(folder, 'gateway.mjs')).size).toBeLessThan(450 * 1024)
  const inputs = filesIn('gateway')
  expect(inputs.filter((file) => /mysql2|node_modules\/pg\/|src\/registry\/sqlite\/store/.test(file))).toEqual([])
  const endpoints = inputs.filter((file) => /gateway\/versions\/v\d+\.\d+\//.test(file))
  expect(endpoints).toHaveLength((await discoverEndpoints()).length)
})

it('the gateway with its registry in DynamoDB is smaller, because it contains no client of Redis', () => {
  expect(statSync(join(folder, 'gateway-dynamodb.mjs')).size).toBeLessThan(statSync(join(folder, 'gateway.mjs')).size)
  const stores = (name: BundleName) =>
    filesIn(name).filter((file) => /node_modules\/ioredis\/|src\/registry\/\w+\/store/.test(file))
  expect(stores('gateway-dynamodb')).toEqual(['src/registry/dynamodb/store.ts'])
  expect(stores('gateway')).not.toContain('src/registry/dynamodb/store.ts')
})

it('the documents beside a bundle are those that the source makes', async () => {
  const file = join(folder, 'published.mjs')
  await bundleOne('src/runtime/gateway/docs/published.ts', file)
  const { publishedDocs: read }: { publishedDocs: typeof publishedDocs } = await import(pathToFileURL(file).href)
  const endpoints = await discoverEndpoints()
  for (const charset of ['euc-kr', 'cp949'] as const) {
    expect(read([], charset)).toEqual(publishedDocs(endpoints, charset))
  }
  expect(filesIn('gateway').filter((input) => /docs\/(?:page\/page|openapi)\.ts/.test(input))).toEqual([])
})

describe('changes of a registry', () => {
  const changing = /src\/registry\/(?:changes\/(?!carry-out)|change-schema|operator-methods)|src\/domain\/price-classes/

  it.each(['gateway', 'authorizer', 'gateway-dynamodb', 'authorizer-dynamodb'] as const)('are not in the %s', (name) => {
    expect(filesIn(name).filter((file) => changing.test(file))).toEqual([])
  })

  it('are in the admin function', () => {
    expect(filesIn('admin').filter((file) => changing.test(file))).toContain('src/registry/changes/apply.ts')
  })

  it.each(['redis', 'dynamodb'])('are refused by the store in %s with the reason', async (store) => {
    const file = join(folder, `${store}.mjs`)
    await bundleOne(`src/registry/${store}/store.ts`, file, [changesPlugin])
    const module: Record<string, { prototype: OperatorRegistry }> = await import(pathToFileURL(file).href)
    const { prototype } = Object.values(module)[0] ?? expect.fail('the bundle exports no store')
    const change = { kind: 'removeCustomer', customer: 'acme' } as const
    await expect(prototype.change(change, { who: 'a', from: 'b' })).rejects.toThrow('A gateway cannot change customers')
  })
})

it('the table of Redis commands has the same content as that of ioredis', () => {
  const require = createRequire(import.meta.url)
  const path = filesIn('gateway').find((input) => input.endsWith('commands.json')) ?? expect.fail('the gateway has no table')
  const written = join(folder, 'commands.cjs')
  writeFileSync(written, compactCommands(readFileSync(path, 'utf8')))
  expect(require(written)).toEqual(JSON.parse(readFileSync(path, 'utf8')))
})

it('the notifier stays below 250 KB', () => {
  expect(statSync(join(folder, 'notifier.mjs')).size).toBeLessThan(250 * 1024)
})

it('the worker has the databases of carriers only', () => {
  const sql = filesIn('worker').filter((file) => file.startsWith('src/runtime/sql/'))
  expect(sql).toContain('src/runtime/sql/postgres.ts')
  expect(sql.filter((file) => /oracle|sqlserver|driver|pool/.test(file))).toEqual([])
})

it('the agent in one file says how to install a driver beside it', async () => {
  const agent = join(folder, 'agent')
  await bundleAgent(agent)
  expect(statSync(join(agent, 'agent.mjs')).size).toBeLessThan(2 * 1024 * 1024)
  const key = Buffer.alloc(32, 7).toString('base64')
  const credentials = sealForAgent('id:secret:key', masterKeysFrom(key))
  writeFileSync(join(agent, 'agent.key'), key)
  writeFileSync(
    join(agent, 'agent.yaml'),
    `version: 1\nname: a1\ngateway: https://api.example.com\nenvironment: live\nscheme: basic\ncredentials: ${credentials}
database: sqlserver://agent@127.0.0.1/shop\nkeyFile: agent.key\njournal: journal.db\ntables: [{ map: em-tran }]\n`,
  )
  const { stderr, stdout, status } = spawnSync(process.execPath, ['agent.mjs'], { cwd: agent, encoding: 'utf8', timeout: 30_000 })
  expect(status).toBe(1)
  expect(`${stdout}${stderr}`).toContain(`npm install --no-save --prefix ${agent} tedious@20`)
})
