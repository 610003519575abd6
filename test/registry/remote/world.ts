import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type OperatorRegistry, openRegistry, type Registry } from '../../../src/registry/index.ts'
import { openRemote } from '../../../src/registry/remote/store.ts'
import { createAdmin } from '../../../src/runtime/admin/index.ts'
import { type LambdaServer, lambdaServer, type User, user } from './lambda-server.ts'

export const functionName = 'apigw-test-admin'
export const operator = user('operator')
export const stranger = user('stranger')

export interface RemoteWorld {
  readonly server: LambdaServer
  /** The log of the function. */
  readonly log: Record<string, unknown>[]
  /** Direct access to the registry that the function serves. */
  readonly behind: Registry
  open(address?: string): Promise<OperatorRegistry>
}

interface Options {
  readonly authType?: 'AWS_IAM' | 'NONE'
  readonly users?: readonly User[]
  readonly open?: () => Promise<OperatorRegistry>
  readonly tryMs?: number
}

/** A function that serves the registry of one test, and the environment of an operator who may call it. */
export async function remoteWorld(options: Options = {}): Promise<RemoteWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'apigw-remote-'))
  const address = `sqlite:${join(folder, 'registry.db')}`
  const log: Record<string, unknown>[] = []
  const handler = createAdmin({
    open: options.open ?? (() => openRegistry(address)),
    now: Date.now,
    log: (event, fields) => void log.push({ event, ...fields }),
  })
  const server = await lambdaServer({
    name: functionName,
    handler,
    users: options.users ?? [operator, stranger],
    may: ({ arn }) => arn !== stranger.arn,
    ...(options.authType && { authType: options.authType }),
  })
  const before = process.env
  process.env = { ...before, ...server.env() }
  const behind = await openRegistry(address)
  onTestFinished(async () => {
    process.env = before
    await behind.close()
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const open = (at = `lambda:${functionName}`) => openRemote(at, options.tryMs === undefined ? {} : { tryMs: options.tryMs })
  return { server, log, behind, open }
}
