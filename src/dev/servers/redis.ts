import { mkdirSync } from 'node:fs'
import { programPath, programs } from './programs.ts'
import { freePort, Server } from './victim.ts'

/** A Redis on a free port of the loopback address, with its data in `folder`. It is not started yet. */
export async function redisServer(
  folder: string,
  options: { readonly name?: string; readonly port?: number; readonly args?: readonly string[] } = {},
): Promise<Server> {
  const { name = 'Redis', args = [], port = await freePort() } = options
  mkdirSync(folder, { recursive: true })
  const program = programPath(programs.redis, '--registry sqlite')
  const command = [program, '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, ...args] as const
  return new Server({ name, command, port, folder })
}

/** Everything that Redis has confirmed survives `kill -9`. */
export const durable = ['--appendonly', 'yes', '--appendfsync', 'always'] as const
