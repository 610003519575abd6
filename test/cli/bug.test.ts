import { afterEach, expect, test, vi } from 'vitest'
import { SqliteRegistry } from '../../src/registry/sqlite/store.ts'
import { jsonError, ok, run, shownError, temporaryFolder } from './run.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

/** A folder whose registry fails in a way that the code does not expect. */
async function folderWithBug(): Promise<string> {
  const cwd = temporaryFolder()
  await ok(['customer', 'add', 'acme'], { cwd })
  vi.spyOn(SqliteRegistry.prototype, 'profiles').mockRejectedValue(
    new TypeError("Cannot read properties of undefined (reading 'x')"),
  )
  return cwd
}

test('a bug is reported as one: no stack, exit code 1, and how to report it', async () => {
  const text = await run(['customer', 'list'], { cwd: await folderWithBug() })
  expect(text.code).toBe(1)
  const { message, next } = shownError(text)
  expect(message).toBe("Cannot read properties of undefined (reading 'x')")
  expect(next).toMatch(/bug in apigw.*DEBUG=apigw/)
})
test('DEBUG shows the stack', async () => {
  const { stdout, stderr, code } = await run(['customer', 'list'], { cwd: await folderWithBug(), env: { DEBUG: 'apigw' } })
  expect({ stdout, code }).toEqual({ stdout: '', code: 1 })
  expect(stderr).toMatch(/\n {4}at .*bug\.test\.ts/)
})
test('JSON output never contains a stack', async () => {
  for (const env of [{}, { DEBUG: 'apigw' }]) {
    const program = await run(['customer', 'list', '--json'], { cwd: await folderWithBug(), env })
    expect(jsonError(program)).toMatchObject({ code: 'internal-error', next: expect.stringContaining('bug in apigw') })
    expect(program.stdout).not.toMatch(/\n\s+at /)
    expect(program.code).toBe(1)
  }
})
test('an expected error has no stack even with DEBUG', async () => {
  const cwd = temporaryFolder()
  const text = await run(['customer', 'show', 'stranger'], { cwd, env: { DEBUG: 'apigw' } })
  shownError(text)
})
