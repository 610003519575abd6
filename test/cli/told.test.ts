import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Config } from '@oclif/core'
import { expect, test } from 'vitest'
import { root } from './run.ts'

const config = await Config.load(root)
const ids = new Set(config.commandIDs)
const topics = new Set(config.topics.map(({ name }) => name))

/** Words that follow the program's name in prose or in a resource name, and are not commands. */
const prose = new Set(['again', 'does', 'for', 'is', 'runs', 'that', 'to', 'trail tick'])

/** Every command mentioned in text (`apigw WORD…`) or as data (`apigw('WORD…')`), without comments. */
function mentionedCommands(): { command: string; where: string }[] {
  const files = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && entry.name.endsWith('.ts'),
  )
  return files.flatMap(({ parentPath, name }) => {
    const lines = readFileSync(join(parentPath, name), 'utf8').split('\n')
    return lines.flatMap((line, at) => {
      const said = line.replace(/^\s*(?:\/?\*|\/\/).*$/, '').replace(/\s\/\/ .*$/, '')
      const found = [...said.matchAll(/(?<![\w./@-])apigw ((?:[a-z]+ ?){1,3})|\bapigw\('([a-z -]+)'/g)]
      return found.map(([, words, command]) => ({ command: (words ?? command ?? '').trim(), where: `${name}:${at + 1}` }))
    })
  })
}

/** The longest prefix that is a command counts: `status and` is the command `status`. */
function isCommand(words: readonly string[]): boolean {
  return [3, 2, 1].some((length) => ids.has(words.slice(0, length).join(':')))
}

test('every command that the program suggests exists', () => {
  const unknown = mentionedCommands().filter(({ command }) => {
    const words = command.split(' ')
    const [first = ''] = words
    return !prose.has(first) && !prose.has(command) && !isCommand(words) && !(words.length === 1 && topics.has(first))
  })
  expect(unknown).toEqual([])
  expect(mentionedCommands().length).toBeGreaterThan(50)
})
