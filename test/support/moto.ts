import { spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { until } from './until.ts'

/** Whether this machine has moto (Python), which plays AWS's services with state behind them. */
export const hasMoto = spawnSync('moto_server', ['--help'], { stdio: 'ignore' }).status === 0
if (!hasMoto) process.stderr.write('moto_server is not on this machine: what needs it is skipped (pip install "moto[server]").\n')

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Starts moto; `stop` ends it. Each has an account of its own, which begins empty. */
export async function startMoto(): Promise<{ readonly env: Record<string, string>; stop(): void }> {
  const port = await freePort()
  const child = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  await until(() =>
    fetch(`${url}/moto-api/data.json`).then(
      ({ ok }) => ok,
      () => false,
    ),
  )
  return {
    env: { AWS_ENDPOINT_URL: url, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'ap-northeast-2' },
    stop: () => void child.kill('SIGKILL'),
  }
}
