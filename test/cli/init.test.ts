import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { json, jsonError, ok, root, run, shownError, temporaryFolder } from './run.ts'

const template = readFileSync(join(root, 'templates/apigw.yaml'), 'utf8')

function contentOf(folder: string, name = 'apigw.yaml'): string {
  return readFileSync(join(folder, name), 'utf8')
}

test('writes a starter file that every command can read', async () => {
  const cwd = temporaryFolder()
  expect(await run(['init'], { cwd })).toEqual({ stdout: 'Wrote apigw.yaml.\n', stderr: 'Next: apigw dev\n', code: 0 })
  expect(contentOf(cwd)).toBe(template)
  expect(readdirSync(cwd)).toEqual(['apigw.yaml'])
  await ok(['customer', 'add', 'acme'], { cwd })
  expect(existsSync(join(cwd, '.apigw/registry.db'))).toBe(true)
})

test('prints JSON', async () => {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, '.gitignore'), 'node_modules/\n')
  expect(await json(['init'], { cwd })).toEqual({ written: ['apigw.yaml', '.gitignore'], dryRun: false })
})

test('overwrites nothing without --force', async () => {
  const cwd = temporaryFolder()
  const mine = 'version: 1\nstages: {mine: {}}\n'
  writeFileSync(join(cwd, 'apigw.yaml'), mine)
  const text = await run(['init'], { cwd })
  expect(text.code).toBe(2)
  expect(shownError(text).next).toContain('apigw init --force')
  expect(jsonError(await run(['init', '--json'], { cwd }))).toMatchObject({ code: 'config-exists' })
  expect(await run(['init', '--dry-run'], { cwd })).toMatchObject({ code: 2 })
  expect(await run(['init', '--force', '--dry-run'], { cwd })).toMatchObject({ code: 0, stdout: 'Would write apigw.yaml.\n' })
  expect(contentOf(cwd)).toBe(mine)
  await ok(['init', '--force'], { cwd })
  expect(contentOf(cwd)).toBe(template)
})

test('replaces a broken apigw.yaml', async () => {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, 'apigw.yaml'), ': [')
  await ok(['init', '--force'], { cwd })
  expect(contentOf(cwd)).toBe(template)
})

test('a dry run writes nothing', async () => {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, '.gitignore'), 'dist/\n')
  expect(await run(['init', '--dry-run'], { cwd })).toMatchObject({ stdout: 'Would write apigw.yaml and .gitignore.\n', code: 0 })
  expect(await json(['init', '--dry-run'], { cwd })).toEqual({ written: ['apigw.yaml', '.gitignore'], dryRun: true })
  expect(readdirSync(cwd)).toEqual(['.gitignore'])
  expect(contentOf(cwd, '.gitignore')).toBe('dist/\n')
})

test.each([
  { what: 'with a line break at its end', before: 'dist/\n', after: 'dist/\n.apigw/\n' },
  { what: 'without one', before: 'dist/', after: 'dist/\n.apigw/\n' },
  { what: 'that has it already', before: '.apigw/\ndist/\n', after: '.apigw/\ndist/\n' },
  { what: 'that has it with Windows line breaks', before: 'dist/\r\n.apigw\r\n', after: 'dist/\r\n.apigw\r\n' },
])('a .gitignore $what', async ({ before, after }) => {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, '.gitignore'), before)
  await ok(['init'], { cwd })
  expect(contentOf(cwd, '.gitignore')).toBe(after)
  await ok(['init', '--force'], { cwd })
  expect(contentOf(cwd, '.gitignore')).toBe(after)
})
