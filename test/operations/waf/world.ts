import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { json, ok, type Run, run, temporaryFolder } from '../../cli/run.ts'
import { type WafWorld, wafServer } from './waf-server.ts'

/** An operator's folder with a stage, and AWS WAF with its web ACL. */
export interface Desk extends WafWorld {
  readonly cwd: string
  run(...args: string[]): Promise<Run>
  ok(...args: string[]): Promise<string>
  json(...args: string[]): Promise<Record<string, unknown>>
  /** The addresses of a set. */
  held(suffix: string): readonly string[]
  /** Makes every note expire. */
  letTimePass(): void
  actions(): string[]
}

const changing = /^(?:Update|Create|Delete|Put|Associate)/

/** A folder with an apigw.yaml of one stage and its registry. */
export function stageFolder(stage = 'prod'): string {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, 'apigw.yaml'), `version: 1\nstages:\n  ${stage}: {registry: "sqlite:registry.db"}\n`)
  return cwd
}

export async function desk(): Promise<Desk> {
  const world = await wafServer()
  const cwd = stageFolder()
  const options = { cwd, env: world.env }
  return Object.assign(world, {
    cwd,
    run: (...args: string[]) => run(['waf', ...args], options),
    ok: (...args: string[]) => ok(['waf', ...args], options),
    json: (...args: string[]) => json(['waf', ...args], options),
    held: (suffix: string) => world.sets.get(`apigw-prod-${suffix}`)?.Addresses ?? [],
    letTimePass: () => endAll(join(cwd, 'registry.db')),
    actions: () => world.asked.map(({ action }) => action).filter((action) => changing.test(action)),
  })
}

/** Changes the registry as if time had passed: every expiry is an hour ago. */
function endAll(file: string): void {
  const db = new DatabaseSync(file)
  try {
    for (const { name, text } of db.prepare("SELECT name, text FROM documents WHERE name LIKE 'waf:%'").all()) {
      const document = JSON.parse(String(text))
      for (const note of document.notes) {
        note.at -= 7_200_000
        if (note.until !== null) note.until = Date.now() - 3_600_000
      }
      db.prepare('UPDATE documents SET text = ? WHERE name = ?').run(JSON.stringify(document), String(name))
    }
  } finally {
    db.close()
  }
}
