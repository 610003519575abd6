import { expect, test } from 'vitest'
import { samePlace } from '../../src/cli/same-place.ts'
import { project } from '../operations/stacks/installation.ts'
import { run, shownError } from './run.ts'

const commands = new Set(['customer', 'deploy', 'init', 'logs', 'status', 'waf'])
const here = (text: string, ...argv: string[]) => samePlace(text, argv, commands)

test('a command that is told works where the present one does', () => {
  expect(here('apigw status', '--stage', 'prod')).toBe('apigw status --stage prod')
  expect(here('see why: apigw logs; then run it again', '--stage=prod')).toBe(
    'see why: apigw logs --stage prod; then run it again',
  )
  expect(here('apigw status, and apigw logs gateway', '--stage', 'prod')).toBe(
    'apigw status --stage prod, and apigw logs gateway --stage prod',
  )
  expect(here('push it (apigw logs data), and go on', '--config', 'my files/a.yaml')).toBe(
    "push it (apigw logs data --config 'my files/a.yaml'), and go on",
  )
  expect(here('apigw customer show acme', '--registry', 'lambda:apigw-prod-admin')).toBe(
    'apigw customer show acme --registry lambda:apigw-prod-admin',
  )
})

test('what needs no flag gets none', () => {
  expect(here('apigw status')).toBe('apigw status')
  expect(here('apigw deploy data --stage prod --yes', '--stage', 'prod')).toBe('apigw deploy data --stage prod --yes')
  expect(here('apigw init', '--stage', 'prod')).toBe('apigw init')
  expect(here('apigw deploy --help', '--stage', 'prod')).toBe('apigw deploy --help')
  expect(here('use the apigw that wrote it', '--stage', 'prod')).toBe('use the apigw that wrote it')
  expect(here('correct apigw.yaml', '--stage', 'prod')).toBe('correct apigw.yaml')
})

test('each command gets only flags that it takes', () => {
  expect(here('apigw waf list, or apigw customer list', '--web-acl', 'other', '--profile', 'ops')).toBe(
    'apigw waf list --profile ops --web-acl other, or apigw customer list',
  )
  expect(here('apigw deploy', '--web-acl', 'other')).toBe('apigw deploy')
})

test('a password goes nowhere', () => {
  expect(here('apigw status', '--registry', 'redis://:secret@host')).toBe('apigw status')
})

test('an error says so, as text and as data', async () => {
  const cwd = project()
  const refused = await run(['deploy', '--out', 'b', '--stage', 'prod'], { cwd })
  expect(shownError(refused).next).toBe('apigw deploy --dry-run --out b --stage prod')
  const { error } = JSON.parse((await run(['deploy', '--out', 'b', '--stage=prod', '--json'], { cwd })).stdout)
  expect(error.next).toBe('apigw deploy --dry-run --out b --stage prod')
})
