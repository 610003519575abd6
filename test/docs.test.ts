import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Config } from '@oclif/core'
import { beforeAll, describe, expect, it } from 'vitest'
import { currentReference } from '../scripts/reference.ts'

const root = join(import.meta.dirname, '..')
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]

let config: Config
beforeAll(async () => {
  config = await Config.load(root)
})

/** The code of a page: its code blocks without comments, and its code spans. */
function codeOf(text: string): string[] {
  const blocks = [...text.matchAll(/^```[^\n]*\n(.*?)^```/gms)].flatMap(([, block = '']) => block.split('\n'))
  const prose = text.replaceAll(/^```.*?^```/gms, '')
  const spans = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)
  return [...blocks.map((line) => line.replace(/(?:^|\s)#.*$/, '')), ...spans]
}

/** Every `apigw …` in the code of a page, as words. Prose may mention the product by name. */
function calls(text: string): string[][] {
  return codeOf(text).flatMap((code) =>
    [...code.matchAll(/(?:^|[\s|&])apigw ((?:[a-z-]+ ?)+[^\n|]*)/g)].map(([, words = '']) => words.trim().split(/\s+/)),
  )
}

function commandOf(words: readonly string[]) {
  const [first = '', second = '', third = ''] = words
  return [[first, second, third], [first, second], [first]].map((some) => config.findCommand(some.join(':'))).find(Boolean)
}

describe.each(pages)('%s', (page) => {
  const text = readFileSync(join(root, page), 'utf8')

  it('names only commands and flags that exist', () => {
    for (const words of calls(text)) {
      const command = commandOf(words)
      expect(command, `apigw ${words.join(' ')}`).toBeDefined()
      for (const flag of words.filter((word) => word.startsWith('--')).map((word) => word.slice(2).replace(/[^a-z-].*$/, ''))) {
        expect(Object.keys(command?.flags ?? {}), `apigw ${words.join(' ')}`).toContain(flag)
      }
    }
  })

  it('links only to pages that exist', () => {
    for (const [, target = ''] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      expect(readdirSync(join(root, page, '..', target, '..')), target).toContain(target.replace(/\/$/, '').split('/').at(-1))
    }
  })
})

it('the reference matches the code', async () => {
  expect(readFileSync(join(root, 'docs/reference.md'), 'utf8'), 'run: node scripts/reference.ts').toBe(await currentReference())
})

describe.each(['docs/architecture.md', 'CONTRIBUTING.md'])('the paths in %s', (page) => {
  it('exist in the repository', () => {
    const text = readFileSync(join(root, page), 'utf8')
    const paths = [...text.matchAll(/`((?:src|test|scripts|templates|bench|docs|examples)\/[\w./-]*)`/g)].map(
      ([, path = '']) => path,
    )
    expect(paths.length).toBeGreaterThan(0)
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })
})
