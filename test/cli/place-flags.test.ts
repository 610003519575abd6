import { expect, test } from 'vitest'
import { placeFlags } from '../../src/cli/place-flags.ts'
import { apigw, isNextStep, type NextCommand, nextText, step } from '../../src/domain/next-step.ts'
import { project } from '../operations/stacks/installation.ts'
import { run, shownError } from './run.ts'

const known = new Set(['config', 'stage', 'registry'])
const flagsOf = (argv: string[]) => (command: NextCommand) =>
  placeFlags(command, argv, (name, flag) => known.has(flag) || (name.startsWith('waf') && flag !== 'database'))
const here = (next: Parameters<typeof nextText>[0], ...argv: string[]) => nextText(next, flagsOf(argv))

test('adds the flags of the current command to each next command', () => {
  expect(here(apigw('status'), '--stage', 'prod')).toBe('apigw status --stage prod')
  expect(here(step`see why: ${apigw('logs')}; then run it again`, '--stage=prod')).toBe(
    'see why: apigw logs --stage prod; then run it again',
  )
  expect(here(step`${apigw('status')}, and ${apigw('logs', 'gateway')}`, '--stage', 'prod')).toBe(
    'apigw status --stage prod, and apigw logs gateway --stage prod',
  )
  expect(here(apigw('customer show', 'acme'), '--registry', 'lambda:apigw-prod-admin')).toBe(
    'apigw customer show acme --registry lambda:apigw-prod-admin',
  )
})

test('quotes an argument that is not one shell word', () => {
  expect(here(apigw('logs', 'data'), '--config', 'my files/a.yaml')).toBe("apigw logs data --config 'my files/a.yaml'")
  expect(nextText(apigw('iam apply', "it's.yaml"))).toBe("apigw iam apply 'it'\\''s.yaml'")
})

test('adds no flag that the command has already or does not need', () => {
  expect(here(apigw('status'))).toBe('apigw status')
  expect(here(apigw('deploy', 'data', '--stage', 'dev', '--yes'), '--stage', 'prod')).toBe('apigw deploy data --stage dev --yes')
  expect(here(apigw('init'), '--stage', 'prod')).toBe('apigw init')
  expect(here(apigw('deploy', '--help'), '--stage', 'prod')).toBe('apigw deploy --help')
})

test('leaves a hint in prose unchanged', () => {
  expect(here('use the apigw that wrote it', '--stage', 'prod')).toBe('use the apigw that wrote it')
  expect(here('correct apigw status', '--stage', 'prod')).toBe('correct apigw status')
})

test('adds only flags that the command takes', () => {
  expect(
    here(step`${apigw('waf list')}, or ${apigw('customer list')}`, '--web-acl', 'other', '--profile', 'ops', '--database', 'a:b'),
  ).toBe('apigw waf list --profile ops --web-acl other, or apigw customer list')
})

test('never shows a password', () => {
  expect(here(apigw('status'), '--registry', 'redis://:secret@host')).toBe('apigw status')
})

test('combines steps', () => {
  expect(nextText(step`${step`first ${apigw('init')}`}; then ${apigw('dev')}`)).toBe('first apigw init; then apigw dev')
})

test('accepts only next steps from the network', () => {
  expect(isNextStep('wait')).toBe(true)
  expect(isNextStep(JSON.parse(JSON.stringify(step`see ${apigw('logs', 'admin')}`)))).toBe(true)
  expect(isNextStep({ command: 'logs' })).toBe(false)
  expect(isNextStep({ command: 'logs', args: [1] })).toBe(false)
  expect(isNextStep([{}])).toBe(false)
  expect(isNextStep(undefined)).toBe(false)
})

test('an error shows its next command with these flags, as text and as JSON', async () => {
  const cwd = project()
  const refused = await run(['deploy', '--out', 'b', '--stage', 'prod'], { cwd })
  expect(shownError(refused).next).toBe('apigw deploy --dry-run --out b --stage prod')
  const { error } = JSON.parse((await run(['deploy', '--out', 'b', '--stage=prod', '--json'], { cwd })).stdout)
  expect(error.next).toBe('apigw deploy --dry-run --out b --stage prod')
})
