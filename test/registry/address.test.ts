import { describe, expect, test } from 'vitest'
import { openRegistry, safeAddress } from '../../src/registry/index.ts'
import { problemOf } from './fixtures.ts'

describe("a registry's address", () => {
  test.each([
    '',
    'sqlite:',
    'registry.db',
    'redis:',
    'redis://',
    'redis:///0',
    'redis:/:hunter2@127.0.0.1',
    'redis:127.0.0.1:6379',
    'redis://127.0.0.1:99999',
    'redis://user:hunter2@127.0.0.1:port',
    'redis://user:hunt/er2@127.0.0.1:6379',
    'redis://user:hunter2%zz@127.0.0.1:1',
    'redis://user:hunter2@127.0.0.1:1/first',
    'redis://user:hunter2@127.0.0.1:1/-1',
    'http://user:hunter2@127.0.0.1',
    'user:hunter2@127.0.0.1:6379',
    'postgres://user:hunter2@127.0.0.1/x',
    'lambda:',
    'dynamodb:',
    'dynamodb:ab',
    'dynamodb:a table',
    'dynamodb:table?endpoint=http://user:hunter2@127.0.0.1:1',
    'dynamodb:table?region=hunter2',
  ])('%j is refused without repeating a password', async (address) => {
    const problem = await problemOf(openRegistry(address))
    expect(problem.code).toBe('config-invalid')
    expect(`${problem.message} ${problem.next}`).not.toMatch(/hunt|er2/)
  })

  test.each([
    ['redis://127.0.0.1:6379', 'redis://127.0.0.1:6379'],
    ['rediss://user:hunter2@host:6379/1?cluster=true', 'rediss://host:6379/1?cluster=true'],
    ['redis://:p@ss@host', 'redis://host'],
    ['redis://:p/a@ss@host/2', 'redis://host/2'],
    ['dynamodb:table?endpoint=http://user:p@host', 'dynamodb:table'],
  ])('%s is shown as %s', (address, safe) => {
    expect(safeAddress(address)).toBe(safe)
  })
})
