import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The rooms of src/, from the bottom up, and the rooms below that each may import. docs/architecture.md draws them.
 * The longest name that fits a path is its room. A room is entered by its index.ts.
 */
const below: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  aws: ['domain'],
  // `aws` for remote/, which no bundle contains.
  registry: ['domain', 'aws'],
  client: ['domain'],

  'runtime/sql': ['domain'],
  'runtime/ports': ['domain', 'runtime/sql'],
  runtime: ['domain', 'registry'],
  'runtime/gateway/http': ['domain'],
  'runtime/gateway/authentication': ['domain', 'registry', 'runtime/ports', 'runtime', 'runtime/gateway/http'],
  'runtime/gateway/messages': ['domain', 'registry', 'runtime/ports', 'runtime/gateway/http', 'runtime/gateway/authentication'],
  'runtime/gateway/versions': [
    'domain',
    'runtime/ports',
    'runtime/gateway/http',
    'runtime/gateway/authentication',
    'runtime/gateway/messages',
  ],
  'runtime/gateway/docs': ['domain', 'runtime/gateway/http', 'runtime/gateway/versions'],
  'runtime/gateway': [
    'domain',
    'registry',
    'runtime/ports',
    'runtime',
    'runtime/gateway/http',
    'runtime/gateway/authentication',
    'runtime/gateway/messages',
    'runtime/gateway/versions',
    'runtime/gateway/docs',
  ],
  'runtime/erasure': ['domain', 'runtime/ports'],
  'runtime/worker': ['domain', 'registry', 'runtime/ports', 'runtime/erasure', 'runtime'],
  'runtime/webhooks': ['domain', 'runtime/notifier', 'runtime/ports', 'runtime'],
  'runtime/admin': ['domain', 'registry', 'runtime/ports', 'runtime'],
  'runtime/agent': ['domain', 'client', 'runtime/sql', 'runtime'],
  'runtime/notifier': ['domain', 'runtime/ports', 'runtime'],
  'runtime/resources': ['domain', 'runtime/ports', 'runtime'],

  'operations/customers': ['domain', 'registry', 'operations/usage'],
  'operations/configuration': ['domain', 'registry', 'operations/customers'],
  'operations/registry': ['domain', 'registry'],
  'operations/bills': ['domain', 'registry', 'operations/usage'],
  'operations/usage': ['domain', 'registry'],
  'operations/schema': ['domain', 'runtime/ports'],
  'operations/queues': ['domain', 'runtime/ports'],
  'operations/reports': ['domain', 'runtime/ports'],
  'operations/suppressions': ['domain', 'runtime/ports'],
  'operations/webhooks': ['domain', 'runtime/ports', 'runtime/webhooks'],
  'operations/messages': ['domain', 'registry', 'runtime/gateway', 'runtime/ports', 'runtime/erasure', 'operations/queues'],
  'operations/agent': ['domain', 'client', 'runtime/agent', 'runtime/sql'],
  'operations/quotas': ['domain', 'aws'],
  'operations/doctor': ['domain', 'registry', 'runtime/ports', 'operations/schema', 'operations/quotas', 'aws'],
  'operations/cloudformation': ['domain'],
  'operations/stacks': ['domain', 'aws', 'operations/cloudformation'],
  'operations/policy': ['domain'],
  'operations/audit': ['domain', 'aws', 'operations/cloudformation', 'operations/policy'],
  'operations/trail': ['domain', 'aws', 'operations/stacks', 'runtime/ports', 'runtime/notifier'],
  'operations/waf': ['domain', 'aws'],
  'operations/cost': ['domain', 'aws', 'registry', 'operations/stacks', 'operations/usage'],

  'dev/local': [
    'domain',
    'registry',
    'client',
    'runtime/ports',
    'runtime/gateway',
    'runtime/worker',
    'runtime/webhooks',
    'operations/customers',
  ],
  'dev/servers': ['domain'],
  // `local` for the emulators of SQS and DynamoDB, the gateway for its reconciliation, the worker for its hand-over.
  'dev/prove': [
    'domain',
    'registry',
    'client',
    'runtime/ports',
    'runtime/gateway',
    'runtime/worker',
    'operations/customers',
    'dev/local',
    'dev/servers',
  ],

  // A deployment without AWS: the templates by its documented rules, and the real bundles on local parts.
  'dev/rehearse': [
    'domain',
    'registry',
    'client',
    'operations/cloudformation',
    'operations/customers',
    'operations/policy',
    'operations/stacks',
    'operations/trail',
    'runtime/notifier',
    'dev/local',
    'dev/servers',
  ],

  // Formatting only: no command, no flag, no question.
  presenters: [
    'domain',
    'registry',
    'runtime/agent',
    'operations/agent',
    'operations/audit',
    'operations/configuration',
    'operations/customers',
    'operations/messages',
    'operations/quotas',
    'operations/stacks',
    'operations/bills',
    'operations/cost',
    'operations/usage',
    'operations/waf',
    'operations/webhooks',
  ],
  cli: [
    'domain',
    'registry',
    'client',
    'runtime/sql',
    'runtime/agent',
    'operations/customers',
    'operations/reports',
    'operations/schema',
    'operations/stacks',
    'operations/trail',
    'operations/waf',
    'operations/webhooks',
    'presenters',
  ],
  commands: [
    'domain',
    'registry',
    'client',
    'aws',
    'runtime/agent',
    'operations/agent',
    'operations/audit',
    'operations/configuration',
    'operations/customers',
    'operations/doctor',
    'operations/messages',
    'operations/queues',
    'operations/quotas',
    'operations/registry',
    'operations/reports',
    'operations/schema',
    'operations/stacks',
    'operations/suppressions',
    'operations/trail',
    'operations/bills',
    'operations/cost',
    'operations/usage',
    'operations/waf',
    'operations/webhooks',
    'dev/local',
    'dev/prove',
    'dev/rehearse',
    'cli',
    'presenters',
  ],
}
/**
 * Shelves have no index.ts: each file holds one concept and is imported by itself. The parts of the gateway are shelves too.
 */
const shelves = new Set([
  'domain',
  'cli',
  'presenters',
  'runtime',
  'runtime/gateway/http',
  'runtime/gateway/authentication',
  'runtime/gateway/messages',
  'runtime/gateway/versions',
  'runtime/gateway/docs',
])

/** What a deployed bundle may hold: no client of the control plane, nothing of the command line. */
const runtimePackages = new Set(['@slack/webhook', 'aws4fetch', 'jose', 'mysql2/promise', 'pg', 'undici', 'yaml', 'zod'])

const importPattern = /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s+'([^']+)'|import\('([^']+)'\)|(?:^|\n)import\s+'([^']+)'/g

/** The longest prefix of a path that is a room. `undefined`: none is. */
function roomOf(file: string): string | undefined {
  const parts = file.split('/').slice(0, -1)
  for (let length = parts.length; length > 0; length--) {
    const name = parts.slice(0, length).join('/')
    if (name in below) return name
  }
  return undefined
}

function faultOf(file: string, target: string): string | undefined {
  const from = roomOf(file)
  const to = roomOf(target)
  if (from === undefined) return `${file}: scripts/check-imports.ts does not list its room`
  if (to === undefined) return `${file} imports ${target}: scripts/check-imports.ts does not list its room`
  if (from === to) return undefined
  const allowed = below[from] ?? []
  if (!allowed.includes(to)) return `${file} imports ${target}: "${from}" may not use "${to}"`
  if (shelves.has(to) || target === `${to}/index.ts`) return undefined
  return `${file} imports ${target}: the door of "${to}" is its index.ts`
}

/** Every import below `root` that goes upwards, goes round a door, or carries something into the runtime. */
export function importFaults(root: string): string[] {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  return files.flatMap((file) => {
    const found: string[] = []
    for (const match of readFileSync(join(root, file), 'utf8').matchAll(importPattern)) {
      const wanted = match[1] ?? match[2] ?? match[3] ?? ''
      if (wanted.startsWith('.')) {
        const fault = faultOf(file, relative(root, resolve(root, dirname(file), wanted)))
        if (fault !== undefined) found.push(fault)
      } else if (file.startsWith('runtime/') && !wanted.startsWith('node:') && !runtimePackages.has(wanted)) {
        found.push(`${file} imports ${wanted}, which has no place in what is deployed`)
      }
    }
    return found
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const faults = importFaults(fileURLToPath(new URL('../src', import.meta.url)))
  for (const fault of faults) process.stderr.write(`${fault}\n`)
  if (faults.length > 0) process.exitCode = 1
}
