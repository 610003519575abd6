import { fork } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { tracked } from './children.ts'

const preload = fileURLToPath(new URL('../servers/watched.ts', import.meta.url))

export interface Sample {
  /** Minutes since the start. */
  readonly at: number
  readonly rssMb: number
  readonly heapMb: number
  readonly files: number
}

export interface Watched {
  readonly name: string
  readonly samples: readonly Sample[]
  /** Takes a sample now. @throws Error where the process has ended */
  sample(at: number): void
}

function rssOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
}

/** Starts a program of the runtime, as it is deployed, with eyes on its memory and its open files. */
export function startWatched(name: string, script: string, env: Readonly<Record<string, string>>): Watched {
  const child = tracked(
    fork(script, {
      execArgv: ['--import', preload],
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  )
  let heap = 0
  child.on('message', (message) => {
    heap = Number(Object(message).heap ?? heap)
  })
  const samples: Sample[] = []
  return {
    name,
    samples,
    sample: (at) => {
      const { pid } = child
      if (pid === undefined || child.exitCode !== null) throw new Error(`The ${name} ended with ${child.exitCode}.`)
      const files = readdirSync(`/proc/${pid}/fd`).length
      if (heap > 0) samples.push({ at, rssMb: rssOf(pid), heapMb: heap / 1024 / 1024, files })
    },
  }
}

/** The slope of the straight line through points that is nearest to them: y for each x. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))]
  const over = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  const under = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  return under === 0 ? 0 : over / under
}
