import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { startNode } from '../support/child.ts'
import { engines } from '../support/databases.ts'
import { ask } from '../support/http.ts'
import { temporaryFolder } from '../support/names.ts'
import { liveQueue, region, type Sqs, startSqs, testQueue } from '../support/sqs.ts'

const root = join(import.meta.dirname, '../..')

interface Instruction {
  readonly stage: string
  readonly name: string
  readonly rest: string
}

/** The instructions of the Dockerfile, each with its stage. No line is continued. */
function instructionsOf(text: string): Instruction[] {
  let stage = ''
  const lines = text.split('\n').filter((line) => /^[A-Z]/.test(line))
  return lines.map((line) => {
    const [name = '', ...words] = line.split(' ')
    if (name === 'FROM') stage = words.at(-1) ?? ''
    return { stage, name, rest: words.join(' ') }
  })
}

const instructions = instructionsOf(readFileSync(join(root, 'templates/Dockerfile'), 'utf8'))

const parents = new Map(
  instructions.filter(({ name }) => name === 'FROM').map(({ stage, rest }) => [stage, rest.split(' ')[0] ?? '']),
)

/** The instructions of a stage, after those of its base stages. */
function inStage(stage: string, name: string): string[] {
  const parent = parents.get(stage)
  const before = parent !== undefined && parents.has(parent) ? inStage(parent, name) : []
  return [...before, ...instructions.filter((one) => one.stage === stage && one.name === name).map(({ rest }) => rest)]
}

/** The words of a command in exec form; a shell form has none. */
function execForm(text: string | undefined): string[] {
  return text?.startsWith('[') ? JSON.parse(text) : []
}

const commandOf = (stage: string) => execForm(inStage(stage, 'CMD').at(-1))
const healthOf = (stage: string) =>
  execForm(
    inStage(stage, 'HEALTHCHECK')
      .at(-1)
      ?.replace(/^.*? CMD /, ''),
  )

/** The environment that the image sets. */
function environmentOf(stage: string): Record<string, string> {
  return Object.fromEntries(inStage(stage, 'ENV').map((text) => text.split('=') as [string, string]))
}

/** A folder with the image's files. It is outside the repository, so no package of it can be imported. */
function imageFolder(): string {
  const folder = temporaryFolder()
  for (const rest of inStage('gateway', 'COPY')) {
    const [from = '', to = ''] = rest.split(' ')
    mkdirSync(join(folder, to), { recursive: true })
    cpSync(join(root, from), join(folder, to), { recursive: true })
  }
  return folder
}

const maps = readdirSync('templates/agent/maps').map((file) => `maps/${file}`)
const imageFiles = [
  'docs.br',
  'gateway-health.mjs',
  'gateway.mjs',
  'maps',
  ...maps.toSorted(),
  'rds-ca.pem',
  'webhooks.mjs',
  'worker.mjs',
]

const filesIn = (folder: string) => readdirSync(folder, { recursive: true }).map(String).sort()

let sqs: Sqs
beforeAll(async () => {
  if (!existsSync(join(root, 'dist/container'))) execFileSync('npm', ['run', 'build'], { cwd: root })
  sqs = await startSqs([liveQueue, testQueue])
})
afterAll(() => sqs.stop())

describe.each(['gateway', 'worker'])('the image of the %s', (stage) => {
  it('runs as an unprivileged user, receives SIGTERM itself, and has one command', () => {
    expect(inStage(stage, 'USER')).toEqual(['node'])
    expect(inStage(stage, 'STOPSIGNAL')).toEqual(['SIGTERM'])
    expect(commandOf(stage)).toEqual(['node', `${stage}.mjs`])
    expect(inStage(stage, 'ENTRYPOINT')).toEqual([])
    expect(inStage(stage, 'CMD')).toHaveLength(1)
    expect(inStage(stage, 'HEALTHCHECK')).toHaveLength(1)
  })

  it('contains the bundled commands and no packages', () => {
    expect(instructions.filter(({ name }) => name === 'RUN')).toEqual([])
    expect(filesIn(imageFolder())).toEqual(imageFiles)
  })

  it('is run by its stack with the same command and health check', () => {
    const template = readFileSync(join(root, `templates/stacks/${stage}.yaml`), 'utf8')
    expect(template).toContain(`Command: [${commandOf(stage).join(', ')}]`)
    const health = healthOf(stage)
    if (health.length > 0) expect(template).toContain(`Command: [CMD, ${health.join(', ')}]`)
  })
})

it('contains the RDS certificate authorities, including those of this region', () => {
  const { NODE_EXTRA_CA_CERTS = '' } = environmentOf('gateway')
  const text = readFileSync(join(imageFolder(), NODE_EXTRA_CA_CERTS.replace(/^\/app\//, '')), 'utf8')
  const certificates = (text.match(/-----BEGIN[\s\S]*?END CERTIFICATE-----/g) ?? []).map((one) => new X509Certificate(one))
  const seoul = certificates.filter(({ subject }) => subject.includes(`${region} Root CA RSA2048 G1`))
  expect(seoul.map(({ ca }) => ca)).toEqual([true])
})

describe('a process started as in the image', () => {
  let folder: string
  beforeEach(() => {
    folder = imageFolder()
  })
  const start = (stage: string, env: Record<string, string>) => {
    const own = { ...environmentOf(stage), NODE_EXTRA_CA_CERTS: '', AWS_REGION: region, APIGW_SQS_ENDPOINT: sqs.endpoint, ...env }
    return startNode(commandOf(stage).slice(1), own, folder)
  }
  const expectNothingWritten = () => {
    expect(filesIn(folder)).toEqual(imageFiles)
  }

  it('the gateway is healthy and stops on SIGTERM', async () => {
    const gateway = start('gateway', { APIGW_REGISTRY: inject('redis'), APIGW_PORT: '0', APIGW_HOST: '127.0.0.1' })
    const { url } = await gateway.logged('listening')
    expect((await ask(`${url}/healthz`)).status).toBe(200)
    expect((await ask(`${url}/readyz`)).status).toBe(200)
    const health = () => startNode(healthOf('gateway').slice(1), { APIGW_PORT: new URL(String(url)).port }, folder).ended
    expect(await health()).toBe(0)
    gateway.process.kill('SIGTERM')
    expect(await gateway.ended).toBe(0)
    expect(gateway.stderr()).toBe('')
    expect(await health()).toBe(1)
    expectNothingWritten()
  })

  it.each(engines.slice(1))('the worker starts with $engine and stops on SIGTERM', async ({ create }) => {
    const test = await create()
    const worker = start('worker', { APIGW_DATABASE: test.address, APIGW_SCHEMA: 'apply' })
    expect(await worker.logged('consuming')).toMatchObject({ queues: [liveQueue, testQueue] })
    worker.process.kill('SIGTERM')
    expect(await worker.ended).toBe(0)
    expect(worker.stderr()).toBe('')
    expectNothingWritten()
  })
})
