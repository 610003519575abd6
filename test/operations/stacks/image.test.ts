import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import type { Problem } from '../../../src/domain/problem.ts'
import type { DeploySettings } from '../../../src/domain/stage.ts'
import { deployStage, diffStage, findEngine, planStage } from '../../../src/operations/stacks/index.ts'
import { temporaryFolder } from '../../cli/run.ts'
import { installation } from './installation.ts'
import { steps, type World, world } from './world.ts'

// No engine runs on the machines of the tests: small programs stand in for docker, podman and buildah. They record their arguments
// and what they read.

const registry = '123456789012.dkr.ecr.ap-northeast-2.amazonaws.com'
const uri = `${registry}/apigw-prod`
const digest = `sha256:${'d'.repeat(64)}`
const password = 'password-of-the-registry'
const settings: DeploySettings = {
  domain: 'a.example.com',
  hostedZoneId: 'Z1',
  alerts: 'topic',
  front: 'container',
  worker: 'container',
}

interface Here extends World {
  readonly bin: string
  /** What the programs were called with, but for their probes. */
  calls(): string[]
  deploy(more?: { signal?: AbortSignal; rollback?: boolean }): Promise<string[]>
}

/** @param behaviour what each program does after it has recorded its call, in the language of the shell; others do not work */
async function here(behaviour: Readonly<Record<string, string>>, root = installation()): Promise<Here> {
  const bin = temporaryFolder()
  const log = join(bin, 'log')
  writeFileSync(log, '')
  for (const name of ['docker', 'podman', 'buildah']) {
    const script = behaviour[name] ?? 'exit 1'
    writeFileSync(join(bin, name), `#!/bin/sh\necho "${name} $*" >>${log}\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  vi.stubEnv('PATH', `${bin}:/usr/bin:/bin`)
  const pushed = () => existsSync(join(bin, 'pushed'))
  const made = await world(() => ({
    DescribeImages: () => (pushed() ? { imageDetails: [{ imageDigest: digest }] } : { error: 'ImageNotFoundException' }),
    GetAuthorizationToken: { authorizationData: [{ authorizationToken: Buffer.from(`AWS:${password}`).toString('base64') }] },
  }))
  made.aws.outputs.set('apigw-prod-data', { RepositoryUri: uri, LedgerTable: 'ledger' })
  const stage = { name: 'prod', region: 'ap-northeast-2', settings }
  return {
    ...made,
    bin,
    calls: () => {
      const lines = readFileSync(log, 'utf8').trim().split('\n')
      return lines.filter((line) => line !== '' && !/^\S+ (?:version|info)/.test(line))
    },
    deploy: async (more = {}) => {
      const done: string[] = []
      const deployments = await diffStage(made.clients, stage, await planStage(stage, [], root), steps())
      const how = { ...steps(), approve: async () => true, ...more }
      await deployStage(made.clients, deployments, stage, how, ({ stack, changed }) => void done.push(`${stack} ${changed}`))
      return done
    },
  }
}

const works = (bin = '$(dirname "$0")', architecture = 'arm64') =>
  `case "$1" in login) cat >${bin}/stdin;; image|inspect) echo ${architecture};; push) touch ${bin}/pushed;; esac`
const imageOf = ({ aws }: World, key: string) => aws.stacks.get(`apigw-prod-${key}`)?.parameters.Image
const changed = (keys: string, word = 'true') => keys.split(' ').map((key) => `${key} ${word}`)
const all = 'security network data edge gateway worker admin'

async function refusal(work: Promise<unknown>): Promise<Problem> {
  return work.then(
    () => expect.unreachable(),
    (error: Problem) => error,
  )
}

describe('the image of containers', () => {
  test('is built before the first stack, pushed once by its content, and named by its digest', async () => {
    const made = await here({ docker: works() })
    expect(await made.deploy()).toEqual(changed(all))
    const [build = '', inspect, login, tag, push, ...rest] = made.calls()
    const [, hash = ''] = /--tag apigw:([0-9a-f]{64}) /.exec(build) ?? []
    expect(build).toMatch(/^docker build --platform linux\/arm64 --tag apigw:[0-9a-f]{64} --file (\S+)\/Dockerfile \1$/)
    expect([inspect, login, tag, push, ...rest]).toEqual([
      `docker image inspect --format {{.Architecture}} apigw:${hash}`,
      `docker login --username AWS --password-stdin ${registry}`,
      `docker tag apigw:${hash} ${uri}:${hash}`,
      `docker push ${uri}:${hash}`,
      `docker logout ${registry}`,
    ])
    expect(readFileSync(join(made.bin, 'stdin'), 'utf8')).toBe(password)
    expect(made.calls().join('\n')).not.toContain(password)
    expect([imageOf(made, 'gateway'), imageOf(made, 'worker')]).toEqual([`${uri}@${digest}`, `${uri}@${digest}`])
    const count = made.calls().length
    expect(await made.deploy()).toEqual(changed(all, 'false'))
    expect(made.calls()).toHaveLength(count)
  })
  test('has another name when a bundle or the Dockerfile changes', async () => {
    const root = installation()
    const stage = { name: 'prod', region: undefined, settings }
    const tag = async () => (await planStage(stage, ['gateway'], root))[0]?.image?.tag
    const [first, again] = [await tag(), await tag()]
    writeFileSync(join(root, 'dist/container/maps/a.yaml'), 'changed')
    const second = await tag()
    writeFileSync(join(root, 'templates/Dockerfile'), 'FROM other\n')
    expect(again).toBe(first)
    expect(new Set([first, second, await tag()]).size).toBe(3)
  })
  test.each([
    ['podman', 'image inspect --format {{.Architecture}} apigw:TAG', `apigw:TAG ${uri}:TAG`],
    ['buildah', 'inspect --type image --format {{.OCIv1.Architecture}} apigw:TAG', `apigw:TAG docker://${uri}:TAG`],
  ])('is built by %s where docker has no engine, with a login in a file that is deleted', async (name, inspect, push) => {
    const made = await here({ docker: 'exit 1', [name]: works() })
    await made.deploy()
    const calls = made.calls().map((line) => line.replaceAll(/[0-9a-f]{64}/g, 'TAG'))
    const [, file = ''] = /--authfile (\S+)/.exec(calls.join(' ')) ?? []
    expect(calls).toEqual([
      expect.stringMatching(`^${name} build --format docker --platform linux/arm64 --tag apigw:TAG --file `),
      `${name} ${inspect}`,
      `${name} login --authfile ${file} --username AWS --password-stdin ${registry}`,
      `${name} push --authfile ${file} ${push}`,
    ])
    expect(file).toMatch(/auth\.json$/)
    expect(existsSync(join(file, '..'))).toBe(false)
    expect(imageOf(made, 'worker')).toBe(`${uri}@${digest}`)
  })
  test('stops before the stacks that need it where nothing can build it, with all commands; then the next run continues', async () => {
    const made = await here({})
    const { code, step } = await refusal(made.deploy())
    expect(code).toBe('image-missing')
    expect([...made.aws.stacks.keys()]).toEqual(
      changed('security network data edge', '').map((key) => `apigw-prod-${key.trim()}`),
    )
    const [commands = ''] = Array.isArray(step) ? step.filter((part) => String(part).includes('docker build')) : []
    expect(String(Array.isArray(step) ? step.join('') : step)).toMatch(
      new RegExp(
        `aws ecr get-login-password --region ap-northeast-2 \\| docker login --username AWS --password-stdin ${registry} && ` +
          `docker build --platform linux/arm64 --tag (${uri}:[0-9a-f]{64}) --file \\S+/templates/Dockerfile \\S+ && docker push \\1`,
      ),
    )
    expect(String(commands)).not.toContain(password)
    writeFileSync(join(made.bin, 'pushed'), '')
    expect(await made.deploy()).toEqual([...changed('security network data edge', 'false'), ...changed('gateway worker admin')])
  })
  test('that cannot be built changes nothing, and the end of what was written is shown', async () => {
    const made = await here({
      docker: 'test "$1" != build || { i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; exit 7; }',
    })
    const { code, message } = await refusal(made.deploy())
    expect(code).toBe('image-failed')
    expect(message).toMatch(/^docker build failed\. It ended with 7\. It wrote:\nline 2980\n/)
    expect(message.split('\n')).toHaveLength(21)
    expect(made.aws.stacks.size).toBe(0)
  })
  test('for another architecture is refused: its tasks would not start', async () => {
    const made = await here({ docker: works(undefined, 'amd64') })
    expect(await refusal(made.deploy())).toMatchObject({ code: 'image-failed', message: expect.stringContaining('for amd64') })
    expect(made.aws.stacks.size).toBe(0)
  })
  test('keeps the password out of an error, and logs out', async () => {
    const fails = `case "$1" in image) echo arm64;; login) read -r it; echo "wrong: $it" >&2; exit 1;; esac`
    const made = await here({ docker: fails })
    const { message } = await refusal(made.deploy())
    expect(message).toContain('wrong: ***')
    expect(made.calls().at(-1)).toBe(`docker logout ${registry}`)
  })
  test('that another deployment pushed meanwhile is taken', async () => {
    const made = await here({ docker: `case "$1" in image) echo arm64;; push) touch $(dirname "$0")/pushed; exit 1;; esac` })
    expect(await made.deploy()).toEqual(changed(all))
  })
  test('is not built on after Ctrl-C: the program and what it started are killed', async () => {
    const made = await here({ docker: `test "$1" != build || { sleep 300 & echo $! >$(dirname "$0")/pid; wait; }` })
    const stopping = new AbortController()
    const running = refusal(made.deploy({ signal: stopping.signal }))
    await vi.waitFor(() => expect(readFileSync(join(made.bin, 'pid'), 'utf8')).toMatch(/\d\n/), { timeout: 20_000 })
    stopping.abort()
    expect((await running).code).toBe('interrupted')
    const child = Number(readFileSync(join(made.bin, 'pid'), 'utf8'))
    await vi.waitFor(() => expect(isRunning(child)).toBe(false), { timeout: 20_000 })
    expect(made.aws.stacks.size).toBe(0)
  })
  test('an engine is looked for in all three programs, and a client without an engine is none', async () => {
    await here({ docker: 'echo no daemon >&2; exit 1', buildah: 'exit 0' })
    expect((await findEngine(undefined))?.name).toBe('buildah')
  })
})

/** A killed process whose parent has not read its end is a zombie. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
