import { describe, expect, test } from 'vitest'
import { type DriverPackage, installCommand, loadDriver } from '../../../src/runtime/sql/driver.ts'
import { oraclePackage } from '../../../src/runtime/sql/oracle.ts'
import { tediousPackage } from '../../../src/runtime/sql/sqlserver.ts'

describe('the command that installs a driver', () => {
  test.each([
    [
      'for a global installation',
      '/usr/lib/node_modules/apigw/dist/runtime/sql/driver.js',
      [],
      'npm install --global tedious@20',
    ],
    [
      'for a project that has apigw',
      '/srv/agent/node_modules/apigw/dist/runtime/sql/driver.js',
      ['/srv/agent/package.json', '/srv/agent/node_modules/apigw/package.json'],
      'npm install --prefix /srv/agent tedious@20',
    ],
    ['for the agent in one file', '/opt/apigw-agent/agent.mjs', [], 'npm install --no-save --prefix /opt/apigw-agent tedious@20'],
    [
      'for a folder with a blank in its name',
      '/opt/our agent/agent.mjs',
      [],
      'npm install --no-save --prefix "/opt/our agent" tedious@20',
    ],
    [
      'for a copy of the sources',
      '/home/dev/apigw/dist/runtime/sql/driver.js',
      ['/home/dev/apigw/package.json'],
      'npm install --no-save --prefix /home/dev/apigw tedious@20',
    ],
  ])('%s', (_, from, files: readonly string[], command) => {
    expect(installCommand('tedious@20', from, (path) => files.includes(path))).toBe(command)
  })
})

test('a package without the functions that are called is not used', async () => {
  const other: DriverPackage<never> = { ...tediousPackage, name: 'zod', isDriver: (module): module is never => module === 0 }
  await expect(loadDriver(other)).rejects.toMatchObject({
    code: 'driver-missing',
    message: 'The package zod is not version 20: it lacks functions that are needed here.',
  })
})

test.each([tediousPackage, oraclePackage])('$name is known by the parts that are used', ({ isDriver }) => {
  const Part = class {}
  const parts = { Connection: Part, Request: Part, TYPES: {}, ISOLATION_LEVEL: {}, getConnection: () => undefined }
  expect(isDriver({ ...parts, DB_TYPE_VARCHAR: {}, DB_TYPE_CHAR: {} })).toBe(true)
  for (const module of [undefined, null, 'text', {}, { Connection: Part, getConnection: 1 }]) expect(isDriver(module)).toBe(false)
})
