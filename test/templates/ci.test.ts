import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Config } from '@oclif/core'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import * as z from 'zod'
import { readSections } from '../../src/operations/cloudformation/index.ts'
import { mapOf } from './stacks.ts'

const root = join(import.meta.dirname, '../..')
const textOf = (name: string) => readFileSync(join(root, 'templates', name), 'utf8')
const texts = z.record(z.string(), z.string())

const githubJob = z.object({
  if: z.string(),
  environment: z.string().optional(),
  permissions: texts,
  concurrency: z.object({ group: z.string(), 'cancel-in-progress': z.boolean() }),
  steps: z.array(
    z.object({ uses: z.string().optional(), run: z.string().optional(), with: z.record(z.string(), z.unknown()).optional() }),
  ),
})
const github = z
  .object({ permissions: texts, env: texts, jobs: z.object({ diff: githubJob, deploy: githubJob }) })
  .parse(parse(textOf('ci/github.yml')))

const gitlabJob = z.object({
  rules: z.array(z.object({ if: z.string() })),
  variables: texts,
  script: z.array(z.string()),
  environment: z.string().optional(),
  resource_group: z.string().optional(),
  interruptible: z.boolean().optional(),
  allow_failure: z.object({ exit_codes: z.number() }).optional(),
})
const gitlab = z
  .object({ '.aws': z.object({ image: z.string(), id_tokens: z.record(z.string(), texts) }), diff: gitlabJob, deploy: gitlabJob })
  .parse(parse(textOf('ci/gitlab.yml')))

const githubScripts = Object.values(github.jobs).flatMap(({ steps }) => steps.flatMap(({ run = [] }) => run))
const calls = [...githubScripts, ...gitlab.diff.script, ...gitlab.deploy.script].flatMap((script) =>
  [...script.matchAll(/npx apigw ([^\n>|]+)/g)].map(([, words = '']) => words.trim().split(/\s+/)),
)

let config: Config
beforeAll(async () => {
  config = await Config.load(root)
})

test('the files call commands and flags that exist, and never confirm a loss of data', () => {
  expect(calls.map(([command]) => command)).toEqual(['diff', 'deploy', 'diff', 'deploy'])
  for (const [command = '', ...words] of calls) {
    const flags = words.filter((word) => word.startsWith('--')).map((word) => word.slice(2))
    for (const flag of flags) expect(Object.keys(config.findCommand(command)?.flags ?? {}), command).toContain(flag)
    expect(flags).toEqual(command === 'deploy' ? ['stage', 'yes', 'wait'] : ['stage'])
  }
})

test('they take the roles of the template, each for its own purpose', () => {
  const template = readSections(textOf('policies/deployer.yaml'), { name: 'deployer', code: 'config-invalid' })
  const resources = mapOf(template.Resources)
  const arnOf = (id: string) => {
    const name = String(mapOf(mapOf(mapOf(resources[id]).Properties).RoleName)['Fn::Sub'])
    return `arn:aws:iam::123456789012:role/${name.replace('${Stage}', 'prod')}`
  }
  const both = [arnOf('Deployer'), arnOf('Differ')]
  expect([github.env.DEPLOY_ROLE, github.env.DIFF_ROLE]).toEqual(both)
  expect([gitlab.deploy.variables.AWS_ROLE_ARN, gitlab.diff.variables.AWS_ROLE_ARN]).toEqual(both)
  const taken = (job: 'diff' | 'deploy') => github.jobs[job].steps.flatMap((step) => step.with?.['role-to-assume'] ?? [])
  expect([taken('deploy'), taken('diff')]).toEqual([['${{ env.DEPLOY_ROLE }}'], ['${{ env.DIFF_ROLE }}']])
})

describe('GitHub Actions', () => {
  test('pins each action to a commit, and gives a token to the two jobs alone', () => {
    const used = Object.values(github.jobs).flatMap(({ steps }) => steps.flatMap(({ uses = [] }) => uses))
    expect(used).toHaveLength(6)
    for (const action of used) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/)
    expect(github.permissions).toEqual({ contents: 'read' })
    for (const job of Object.values(github.jobs)) expect(job.permissions).toEqual({ contents: 'read', 'id-token': 'write' })
    expect(textOf('ci/github.yml')).not.toMatch(/secrets\.|AWS_SECRET_ACCESS_KEY|pull_request_target/)
  })
  test('deploys pushes to main in the protected environment, one at a time, and never cancels a deployment', () => {
    const { deploy, diff } = github.jobs
    expect(deploy).toMatchObject({ if: "github.event_name == 'push'", environment: 'production' })
    expect(deploy.concurrency['cancel-in-progress']).toBe(false)
    expect(diff.environment).toBeUndefined()
    expect(diff.if).toContain('head.repo.full_name == github.repository')
  })
  test('takes exit code 3 of a diff for a difference, and every other one for an error', () => {
    const script = githubScripts.find((one) => one.includes('apigw diff'))
    expect(script).toMatch(/\|\| code=\$\?/)
    expect(script?.trim().split('\n').at(-1)).toBe('test "$code" -eq 0 || test "$code" -eq 3')
  })
})

test('GitLab CI deploys the protected branch one at a time, and takes exit code 3 of a diff for a difference', () => {
  expect(gitlab.diff.allow_failure).toEqual({ exit_codes: 3 })
  expect(gitlab.deploy).toMatchObject({ resource_group: 'deploy-prod', interruptible: false, environment: 'production' })
  expect(gitlab.deploy.rules.map((rule) => rule.if)).toEqual(['$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == "main"'])
  expect(gitlab['.aws'].id_tokens).toEqual({ AWS_TOKEN: { aud: 'sts.amazonaws.com' } })
  expect(gitlab['.aws'].image).toMatch(/@sha256:[0-9a-f]{64}$/)
})
