import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { GetQueueUrlCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { onTestFinished } from 'vitest'
import { bin, cleanEnv } from '../../cli/run.ts'

export interface Addresses {
  readonly gateway: string
  readonly sqs: string
  readonly data: string
  readonly customer: string
}

/** An `apigw dev` in its own process. */
export interface DevProcess extends Addresses {
  readonly child: ChildProcess
  stdout(): string
  stderr(): string
  /** Sends a signal, waits for the exit, and returns the exit code; `null` if the signal ended the process. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

function parsed(text: string): Addresses | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Starts it on free ports, and waits until it has printed its address. It does not outlive the test. */
export async function startDev(cwd: string, args: readonly string[] = [], env: Record<string, string> = {}): Promise<DevProcess> {
  const child = spawn(process.execPath, [bin, 'dev', '--port', '0', '--sqs-port', '0', '--json', ...args], {
    cwd,
    env: cleanEnv(env),
  })
  const written = { stdout: '', stderr: '' }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    written.stderr += text
  })
  const addresses = await new Promise<Addresses>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text) => {
      written.stdout += text
      const found = parsed(written.stdout)
      if (found !== undefined) resolve(found)
    })
    void ended.then((code) => reject(new Error(`apigw dev ended with ${code}: ${written.stderr}`)))
  })
  const end: DevProcess['end'] = (signal) => {
    child.kill(signal)
    return ended
  }
  return { ...addresses, child, stdout: () => written.stdout, stderr: () => written.stderr, end }
}

/** The demo customer's credentials, as stored for this machine. */
export function demoCredentials(folder: string): string {
  return /^APIGW_CREDENTIALS='([^']+)'\n$/.exec(readFileSync(join(folder, '.apigw/demo.env'), 'utf8'))?.[1] ?? 'no credentials'
}

export interface Posted {
  readonly status: number
  readonly id: string
  readonly code: string
  readonly replayed: boolean
}

export async function post(gateway: string, credentials: string, idempotencyKey?: string): Promise<Posted> {
  const response = await fetch(`${gateway}/v1.0/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
      ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
    },
    body: JSON.stringify({ to: '010-1234-5678', from: '1588-1234', text: 'Hello' }),
  })
  const { id, code }: { id?: string; code?: string } = Object(await response.json())
  return {
    status: response.status,
    id: id ?? '',
    code: code ?? '',
    replayed: response.headers.get('idempotency-replayed') === 'true',
  }
}

/** Makes messages of a dead process visible again after two seconds instead of thirty. */
export async function shortenVisibility(sqs: string): Promise<void> {
  const client = new SQSClient({
    endpoint: sqs,
    region: 'ap-northeast-2',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  })
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: 'carrier-a' }))
  await client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: '2' } }))
  client.destroy()
}

/** The ids in the carrier's table, read while other processes write to it. */
export function storedIds(folder: string, table: 'carrier_a' | 'sandbox' = 'carrier_a'): string[] {
  const db = new DatabaseSync(join(folder, '.apigw/messages.db'), { readOnly: true, timeout: 5_000 })
  try {
    // Rows that were reported are in the table of their month.
    const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND (name = ? OR name LIKE ?)")
    const names = tables.all(table, `${table}_log_%`).map(({ name }) => String(name))
    return names.flatMap((name) => db.prepare(`SELECT id FROM ${name}`).all()).map(({ id }) => String(id))
  } finally {
    db.close()
  }
}
