import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { openRegistry } from '../../src/registry/index.ts'
import { createAdmin } from '../../src/runtime/admin/index.ts'
import { freshId } from '../registry/fixtures.ts'
import { type LambdaServer, lambdaServer, user } from '../registry/remote/lambda-server.ts'
import { jsonError, ok, type RunOptions, run, runCli, secretsIn, temporaryFolder } from './run.ts'

const operator = user('operator')
const name = 'apigw-prod-admin'

/** A folder whose stage reaches a real Redis through a function, and an operator with IAM permissions only. */
async function stage(): Promise<{ here: RunOptions; server: LambdaServer; log: string[] }> {
  const log: string[] = []
  const handler = createAdmin({
    open: () => openRegistry(inject('redis')),
    now: Date.now,
    log: (event, fields) => void log.push(JSON.stringify({ event, ...fields })),
  })
  const server = await lambdaServer({ name, handler, users: [operator] })
  onTestFinished(() => server.close())
  const cwd = temporaryFolder()
  writeFileSync(
    join(cwd, 'apigw.yaml'),
    `version: 1\nstages:\n  prod:\n    registry: lambda:${name}\n    region: ap-northeast-2\n    sqsEndpoint: http://127.0.0.1:1\n`,
  )
  const { AWS_REGION: _ofTheStage, ...env } = server.env()
  return { here: { cwd, env }, server, log }
}

describe('the registry behind a function', () => {
  test('manages a customer from the first key to the last with IAM permissions alone', async () => {
    const { here, log } = await stage()
    const id = freshId()
    const added = await ok(['customer', 'add', id, '--day', '100', '--queue', 'carrier-a', '--key', 'live', '--json'], here)
    const [secret = ''] = secretsIn(added)
    const { keyId } = JSON.parse(added).keys[0]
    await ok(['quota', 'set', id, '--env', 'live', '--day', '200'], here)
    await ok(['key', 'rotate', id, keyId], here)
    await ok(['route', 'set', id, '--env', 'test', '--queue', 'sandbox'], here)
    await ok(['customer', 'suspend', id], here)
    const shown = JSON.parse(await ok(['customer', 'show', id, '--json'], here))
    expect(shown).toMatchObject({ id, state: 'suspended' })
    expect(JSON.stringify(shown.quotas ?? shown)).toContain('200')
    const registry = await openRegistry(inject('redis'))
    const history = await registry.history(id, 100)
    await registry.close()
    expect(history).toHaveLength(5)
    // APIGW_ACTOR is a name that anyone can set.
    expect(new Set(history.map(({ who, from }) => `${who} ${from}`))).toEqual(new Set([`${operator.arn} 203.0.113.9`]))
    expect(secret).not.toBe('')
    expect(log.join('\n')).not.toContain(secret)
  })
  test('a dry run changes nothing remotely either', async () => {
    const { here } = await stage()
    const id = freshId()
    await run(['customer', 'add', id, '--dry-run'], here)
    expect(jsonError(await run(['customer', 'show', id, '--json'], here)).code).toBe('customer-unknown')
  })
  test('the CLI prints an error with a next step and no stack', async () => {
    const { here } = await stage()
    const { code, stdout, stderr } = await runCli(['customer', 'list', '--registry', 'lambda:apigw-prod-admni'], here)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(
      /^Error: The function "apigw-prod-admni" in ap-northeast-2 does not exist, or has no URL\.\nNext: .+\n$/,
    )
  })
  test('a change with an unknown outcome names the command to check it with', async () => {
    const { here, server } = await stage()
    const id = freshId()
    server.faults.push({ kind: 'reset-after', method: 'change' })
    const error = jsonError(await run(['customer', 'add', id, '--json'], here))
    expect(error).toMatchObject({ code: 'outcome-unknown', next: expect.stringContaining(`apigw customer show ${id}`) })
  })
})
