import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { until } from './until.ts'

/** Whether moto, which emulates AWS's control plane, is installed. */
export const hasMoto = spawnSync('moto_server', ['--help'], { stdio: 'ignore' }).status === 0
/** The name of tests that are skipped without it, which says what they need. */
export const againstMoto = hasMoto ? 'against moto' : 'against moto (skipped: pip install "moto[server]" for moto_server)'

/** AWS emulated by moto, empty at the start. */
export interface Moto {
  readonly url: string
  /** Variables that make a command or an SDK client use it. */
  readonly env: Readonly<Record<string, string>>
  /** For clients in the process of a test. */
  readonly client: {
    readonly endpoint: string
    readonly region: string
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
    readonly maxAttempts: number
  }
  /** Deletes everything. */
  reset(): Promise<void>
  /** Enforces policies while `work` runs: a caller without a permission is denied (moto's IAM-like access control). */
  withPolicies<T>(work: () => Promise<T>): Promise<T>
  stop(): Promise<void>
}

const region = 'ap-northeast-2'

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

function gone(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else child.once('exit', () => resolve())
  })
}

/** Starts moto on its own port and waits until it answers. The caller stops it. */
export async function startMoto(): Promise<Moto> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const child = spawn('moto_server', ['--host', '127.0.0.1', '--port', String(port)], { stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (bytes) => {
    stderr += String(bytes)
  })
  const answers = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`moto_server ended: ${stderr}`)
    return fetch(`${url}/moto-api/data.json`).then(
      ({ ok }) => ok,
      () => false,
    )
  }
  await until(answers)
  return {
    url,
    env: {
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: region,
      AWS_MAX_ATTEMPTS: '1',
    },
    client: { endpoint: url, region, credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, maxAttempts: 1 },
    reset: async () => {
      await fetch(`${url}/moto-api/reset`, { method: 'POST' })
    },
    withPolicies: async (work) => {
      const checkedFrom = (count: string) => fetch(`${url}/moto-api/reset-auth`, { method: 'POST', body: count })
      await checkedFrom('0')
      try {
        return await work()
      } finally {
        await checkedFrom('inf')
      }
    },
    stop: async () => {
      child.kill('SIGKILL')
      await gone(child)
    },
  }
}
