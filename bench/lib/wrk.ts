import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { temporaryFolder, tracked } from './children.ts'

/** What wrk sends, over and over. */
export interface Load {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Headers that differ per call, one object for each, in a file that only the current user can read. wrk stops at the end of it. */
  readonly each?: readonly Readonly<Record<string, string>>[]
}

const result = z.object({
  requests: z.number(),
  microseconds: z.number(),
  /** Answers with a status of 400 and more. */
  refused: z.number(),
  /** Connections that failed, broke off or timed out. */
  broken: z.number(),
  /** Answers with status 202; only where it was asked to count them. */
  accepted: z.number(),
  p50: z.number(),
  p99: z.number(),
})
export type WrkResult = z.infer<typeof result>

/** JSON's string literals with Lua's only difference in what we send: no `\u` and no `\/`. */
function lua(text: string): string {
  return `"${text.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/gu, (character) => [...Buffer.from(character)].map((byte) => `\\${String(byte).padStart(3, '0')}`).join(''))}"`
}

/** Gives each call the next line's headers. A line is the values, in the order of the names, with tabs between. */
function eachCall(calls: readonly Readonly<Record<string, string>>[]): string {
  const file = join(temporaryFolder(), 'calls.txt')
  writeFileSync(file, calls.map((call) => Object.values(call).join('\t')).join('\n'), { mode: 0o600 })
  const names = Object.keys(calls[0] ?? {}).map(lua)
  return `
local names = {${names.join(', ')}}
local lines = io.lines(${lua(file)})
function request()
  local line = lines()
  if line == nil then
    wrk.thread:stop()
    return wrk.format()
  end
  local at = 0
  for value in string.gmatch(line, "[^\\t]+") do
    at = at + 1
    wrk.headers[names[at]] = value
  end
  return wrk.format()
end
`
}

/** @param counting counts the 202s one by one, which costs wrk itself time: not for measuring speed */
function script(load: Load, counting: boolean): string {
  const each = load.each === undefined ? '' : eachCall(load.each)
  const headers = Object.entries(load.headers).map(([name, value]) => `wrk.headers[${lua(name)}] = ${lua(value)}\n`)
  const count = `
local threads = {}
function setup(thread) table.insert(threads, thread) end
function init() accepted = 0 end
function response(status) if status == 202 then accepted = accepted + 1 end end
`
  return `wrk.method = "POST"
wrk.path = ${lua(load.path)}
wrk.body = ${lua(load.body)}
${headers.join('')}${each}${counting ? count : 'local threads = {}'}
function done(summary, latency)
  local e = summary.errors
  local accepted = 0
  for _, thread in ipairs(threads) do accepted = accepted + thread:get("accepted") end
  io.write(string.format('\\nRESULT {"requests":%d,"microseconds":%d,"refused":%d,"broken":%d,"accepted":%d,"p50":%d,"p99":%d}\\n',
    summary.requests, summary.duration, e.status, e.connect + e.read + e.write + e.timeout, accepted,
    latency:percentile(50), latency:percentile(99)))
end
`
}

/** Writes a load where only we can read it: it holds the secret, which has no business in a process list. */
export function prepare(load: Load, counting = false): string {
  const file = join(temporaryFolder(), 'load.lua')
  writeFileSync(file, script(load, counting), { mode: 0o600 })
  return file
}

/** Sends a prepared load from one thread over 64 connections. */
export function wrk(url: string, file: string, seconds: number): Promise<WrkResult> {
  const child = tracked(spawn('wrk', ['-t1', '-c64', `-d${seconds}s`, '-s', file, url], { stdio: ['ignore', 'pipe', 'inherit'] }))
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => {
      const line = /^RESULT (.*)$/m.exec(output)?.[1]
      if (line === undefined) reject(new Error(`wrk gave no result:\n${output}`))
      else resolve(result.parse(JSON.parse(line)))
    })
  })
}
