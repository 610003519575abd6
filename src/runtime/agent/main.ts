import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { log, main } from '../process.ts'
import { runAgent } from './agent.ts'
import { openAgent } from './open.ts'
import { loadAgentSettings } from './settings.ts'
import { agentStatus } from './status.ts'
import { serveStatus } from './status-page.ts'

const packageJson = z.object({ version: z.string() })

/** The build writes `package.json` beside the file. The agent also runs without it. */
function versionIn(folder: string): string {
  const path = join(folder, 'package.json')
  return existsSync(path) ? packageJson.parse(JSON.parse(readFileSync(path, 'utf8'))).version : 'unknown'
}

/**
 * The agent as one file: `node agent.mjs`, with agent.yaml in the working directory or in APIGW_SETTINGS, and the table maps in the
 * folder `maps` beside the file. For machines on which the whole of apigw is not to be installed.
 */
await main(async () => {
  const folder = dirname(fileURLToPath(import.meta.url))
  const maps = join(folder, 'maps')
  const loaded = loadAgentSettings(process.env.APIGW_SETTINGS ?? 'agent.yaml', maps)
  const agent = await openAgent(loaded, versionIn(folder))
  const { settings, resolve } = loaded
  const page = settings.status === undefined ? undefined : await serveStatus(settings.status, () => agentStatus(agent))
  const running = runAgent({
    tables: agent.tables,
    journal: agent.journal(),
    gateway: agent.gateway,
    listen: agent.listen,
    agent: settings.name,
    observe: ({ kind, ...fields }) => log(kind, fields),
    mediaRoot: settings.media && resolve(settings.media.root),
    mediaWrittenAs: settings.media?.writtenAs,
  })
  log('running', { agent: settings.name, gateway: settings.gateway, tables: agent.tables.map(({ table }) => table.name) })
  return async () => {
    await page?.close()
    await running.stop()
    await agent.close()
  }
})
