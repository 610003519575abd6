import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Problem } from '../../../domain/problem.ts'
import type { StackClients } from '../clients.ts'
import { type Ended, runProgram } from './child.ts'
import { buildVariables, type Engine, findEngine } from './engines.ts'
import { findImage, registryPassword, repositoryOf } from './repository.ts'
import { architecture, type ImageSource, writeContext } from './source.ts'

/** An image on this machine. */
export interface LocalImage {
  readonly source: ImageSource
  readonly engine: Engine
  readonly name: string
}

interface How {
  report(line: string): void
  readonly signal?: AbortSignal | undefined
}

const buildMs = 900_000
const pushMs = 900_000
const shortMs = 60_000
const shownLines = 20

/** @throws Problem `interrupted` or `image-failed` unless a program ended well */
function mustHaveEnded(what: string, { code, output, isLate }: Ended, { signal }: How): void {
  if (signal?.aborted)
    throw new Problem('interrupted', `Interrupted while ${what}. The stacks that need the image were not changed.`)
  if (code === 0) return
  const end = output.trimEnd().split('\n').slice(-shownLines).join('\n')
  const why = isLate ? 'It took too long and was stopped.' : `It ended with ${code ?? 'no exit code'}.`
  throw new Problem('image-failed', `${what} failed. ${why}${end === '' ? '' : ` It wrote:\n${end}`}`, {
    next: 'fix what it says and run it again; or push an image yourself and set deploy.image of the stage in apigw.yaml to its digest',
  })
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  // Only its owner can read it.
  const folder = await mkdtemp(join(tmpdir(), 'apigw-image-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Builds the image with the container engine of this machine.
 * @returns undefined if no engine works here
 * @throws Problem `image-failed`, `interrupted`
 */
export async function buildImage(source: ImageSource, how: How): Promise<LocalImage | undefined> {
  const engine = await findEngine(how.signal)
  if (engine === undefined) return undefined
  const name = `apigw:${source.tag}`
  how.report(`Building the image with ${engine.name}.`)
  await inFolder(async (folder) => {
    await writeContext(source, folder)
    const options = { env: buildVariables, signal: how.signal, limitMs: buildMs }
    mustHaveEnded(`${engine.name} build`, await runProgram(engine.name, engine.build(name, folder), options), how)
  })
  const inspected = await runProgram(engine.name, engine.inspect(name), { signal: how.signal, limitMs: shortMs })
  mustHaveEnded(`${engine.name} inspect`, inspected, how)
  // A base that is not made for the platform is a warning of a build, and a task that never starts.
  if (inspected.output.trim() !== architecture) {
    throw new Problem(
      'image-failed',
      `${engine.name} built an image for ${inspected.output.trim()}, and the tasks run on ${architecture}.`,
      {
        next: `let ${engine.name} build for other platforms, or build on an ${architecture} machine and set deploy.image to the digest`,
      },
    )
  }
  return { source, engine, name }
}

/** Logs in, pushes, and leaves no login behind. The password goes to standard input, never into an argument. */
async function push(clients: StackClients, { engine, name, source }: LocalImage, uri: string, how: How): Promise<void> {
  const { registry } = repositoryOf(uri)
  const password = await registryPassword(clients, uri)
  await inFolder(async (folder) => {
    const authFile = join(folder, 'auth.json')
    const { signal } = how
    try {
      const login = await runProgram(engine.name, engine.login(registry, authFile), { input: password, signal, limitMs: shortMs })
      // In case that a client repeats what it read.
      mustHaveEnded(`${engine.name} login`, { ...login, output: login.output.replaceAll(password, '***') }, how)
      how.report(`Pushing the image to ${uri}.`)
      for (const args of engine.push(name, `${uri}:${source.tag}`, authFile)) {
        mustHaveEnded(`${engine.name} push`, await runProgram(engine.name, args, { signal, limitMs: pushMs }), how)
      }
    } finally {
      if (engine.logout !== undefined) await runProgram(engine.name, engine.logout(registry), { limitMs: shortMs })
    }
  })
}

/**
 * Pushes an image, unless it is in the repository.
 * @returns the image by digest
 * @throws Problem `image-failed`, `interrupted`, `aws-…`
 */
export async function pushImage(clients: StackClients, image: LocalImage, uri: string, how: How): Promise<string> {
  const id = { imageTag: image.source.tag }
  const there = await findImage(clients, uri, id)
  if (there !== undefined) return `${uri}@${there}`
  try {
    await push(clients, image, uri, how)
  } catch (error) {
    // A tag names one image forever. A concurrent deployment may have pushed it.
    const pushed = how.signal?.aborted ? undefined : await findImage(clients, uri, id)
    if (pushed === undefined) throw error
    return `${uri}@${pushed}`
  }
  const digest = await findImage(clients, uri, id)
  if (digest !== undefined) return `${uri}@${digest}`
  throw new Problem('image-failed', `${image.engine.name} pushed the image, and ${uri} does not have it.`, {
    next: 'run it again',
  })
}
