import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as z from 'zod'

const root = join(import.meta.dirname, '..')
const packed = z.array(z.object({ files: z.array(z.object({ path: z.string() })) })).length(1)

function packedFiles(): ReadonlySet<string> {
  // Without scripts: `npm test` has built what is packed.
  const listed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8' })
  const answer: unknown = JSON.parse(listed)
  // npm 12 answers with an object by package name.
  const packages = packed.parse(Array.isArray(answer) ? answer : Object.values(z.record(z.string(), z.unknown()).parse(answer)))
  return new Set(packages.flatMap(({ files }) => files.map(({ path }) => path)))
}

test('the package has what runs and the pages that errors name, and nothing for developers', () => {
  const files = packedFiles()
  for (const needed of ['bin/run.js', 'dist/commands/init.js', 'dist/lambda/gateway.mjs', 'oclif.manifest.json', 'README.md'])
    expect(files).toContain(needed)
  const sources = globSync('src/**/*.ts', { cwd: root }).map((file) => readFileSync(join(root, file), 'utf8'))
  const named = new Set(sources.flatMap((text) => [...text.matchAll(/['`(].*?\b(docs\/[\w-]+\.md)/g)].map(([, page]) => page)))
  expect(named.size).toBeGreaterThan(4)
  for (const page of named) expect(files).toContain(page)
  expect([...files].filter((file) => /\.map$|^(?:test|bench|scripts|src|coverage)\/|\.tsbuildinfo$/.test(file))).toEqual([])
})
