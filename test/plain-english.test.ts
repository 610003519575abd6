import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

/**
 * Phrases that follow another language's syntax, and what a native writer would say. A text that needs one of them is
 * rewritten as a whole: the words are only the sign of it.
 */
const tics: readonly (readonly [pattern: RegExp, better: string])[] = [
  [/(?<!\bthere )\b(?:is|are|was|were) no (?!longer\b|more\b)/i, '"is not a …", "has no …"'],
  [/\b(?:told|tells)\b/i, '"reported", "shows", "says"'],
  [/\b(?:nobody|somebody)\b/i, '"no one" only for people; otherwise name who'],
  [/\bwhoever\b/i, '"anyone who", or name who'],
  [/\banother \w+ than\b/i, '"a different … from"'],
  [
    /\bone (?!is|was|has|of|in|to|for|as|by|that|with|at|on|and|or|does|needs|gets|had|holds|takes|makes)\w+ an? (?!time\b)\w+/i,
    '"one … per …"',
  ],
  [/\b(?:most|longest|furthest|usual)[A-Z]\w*/, 'max…, default…'],
  [/\b(?:holds?|held) .{0,40}\bagainst\b/i, '"compare", "check against", "test"'],
  [/\b(?:go|goes|went|going) on\b/i, '"continue", "resume"'],
  [/\b(?:a|no) yes\b/i, '"confirmation"'],
  [/\bof ours\b/i, '"our …", "apigw’s own"'],
  [/\bhad better\b/i, '"should"'],
  [/\b(?:stands?|stood) (?:in front|behind|there|in its)\b/i, '"is"'],
  [/\b(?:comes?|brings?|brought|came) along\b/i, '"is included"'],
  [/\bas [\w.' ]{2,30} (?:has|have) it\b/i, '"as defined in", "per"'],
  [/\bjudge[sd]?\b/i, '"check", "evaluate", "find"'],
  [/\baboard\b/i, '"onboard"'],
  [/\bthe way of an? /i, '"flow"'],
  [/\bhow (?:the|its) \w+ stands?\b/i, '"status of"'],
  [/\bmay no(?:t)? (?:any )?more\b|\bno more\b(?! than)/i, '"no longer"'],
  [/\bwants? (?:a|the|to be)\b/i, '"needs"'],
]

const root = join(import.meta.dirname, '..')
const self = 'test/plain-english.test.ts'
const folders = [
  'docs',
  'templates',
  'examples',
  'clients',
  'bench',
  'scripts',
  'test',
  'src/aws',
  'src/cli',
  'src/client',
  'src/commands',
  'src/dev',
  'src/domain',
  'src/operations',
  'src/presenters',
  'src/registry',
  'src/runtime/admin',
  'src/runtime/agent',
  'src/runtime/gateway',
  'src/runtime/notifier',
  'src/runtime/ports',
  'src/runtime/resources',
  'src/runtime/sql',
  'src/runtime/worker',
]

function ticsIn(files: readonly string[]): string[] {
  return files
    .filter((file) => file !== self)
    .flatMap((file) =>
      readFileSync(join(root, file), 'utf8')
        .split('\n')
        .flatMap((line, at) =>
          tics.flatMap(([pattern, better]) => {
            const [match] = pattern.exec(line) ?? []
            return match === undefined ? [] : [`${file}:${at + 1}: "${match}": ${better}`]
          }),
        ),
    )
}

const textFiles = '*.{ts,md,yml,yaml,txt}'

/**
 * Lines that stay: the JSON field `told` of `trail dlq redrive`, and two texts from which ids of findings are made. A number only
 * goes down.
 */
const backlog: Readonly<Record<string, number>> = { 'src/commands': 1, 'src/operations': 4, test: 2 }

function expectNoMoreThan(limit: number, found: readonly string[]): void {
  expect(found.length, found.join('\n')).toBeLessThanOrEqual(limit)
}

describe('texts say it in plain English', () => {
  test.each(folders)('in %s', (folder) => {
    expectNoMoreThan(backlog[folder] ?? 0, ticsIn(globSync(`${folder}/**/${textFiles}`, { cwd: root })))
  })

  test('in the files at the top', () => {
    expectNoMoreThan(0, ticsIn(globSync(['*.md', `.github/**/${textFiles}`], { cwd: root })))
  })
})
