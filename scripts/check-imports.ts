import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The rooms of src/ and the rooms below that each may use. docs/architecture.md draws them.
 * A room is entered by its index.ts. `domain` and `cli` are shelves: one concept a file, each taken by itself, because
 * a door that hands out everything would hide who uses what.
 */
const below: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  // `aws` for remote/, which no bundle contains.
  registry: ['domain', 'aws'],
  'runtime/ports': ['domain'],
  'runtime/gateway': ['domain', 'registry', 'runtime/ports', 'runtime'],
  'runtime/worker': ['domain', 'registry', 'runtime/ports', 'runtime'],
  'runtime/admin': ['domain', 'registry', 'runtime/ports', 'runtime'],
  'runtime/notifier': ['domain', 'runtime/ports', 'runtime'],
  'runtime/resources': ['runtime/ports', 'runtime'],
  runtime: ['domain', 'registry'],
  customers: ['domain', 'registry'],
  schema: ['domain', 'runtime/ports'],
  queues: ['domain', 'runtime/ports'],
  reports: ['domain', 'runtime/ports'],
  doctor: ['domain', 'registry', 'runtime/ports', 'schema', 'aws'],
  aws: ['domain'],
  stacks: ['domain', 'aws'],
  audit: ['domain', 'aws'],
  trail: ['domain', 'aws', 'stacks', 'runtime/ports', 'runtime/notifier'],
  waf: ['domain', 'aws'],
  local: ['domain', 'registry', 'runtime/ports', 'runtime/gateway', 'runtime/worker', 'customers'],
  // `local` for the emulators of SQS and DynamoDB, the gateway for its reconciliation.
  prove: ['domain', 'registry', 'runtime/ports', 'runtime/gateway', 'customers', 'local'],
  cli: ['domain', 'registry', 'customers', 'schema', 'doctor', 'local', 'aws', 'audit', 'stacks', 'trail', 'waf'],
  commands: [
    'domain',
    'registry',
    'customers',
    'schema',
    'queues',
    'reports',
    'doctor',
    'local',
    'prove',
    'aws',
    'audit',
    'stacks',
    'trail',
    'waf',
    'cli',
  ],
}
const shelves = new Set(['domain', 'cli', 'runtime'])

/** What a deployed bundle may hold: no client of the control plane, nothing of the command line. */
const runtimePackages = new Set(['@slack/webhook', 'aws4fetch', 'jose', 'mysql2/promise', 'pg', 'yaml', 'zod'])

const importPattern = /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s+'([^']+)'|import\('([^']+)'\)|(?:^|\n)import\s+'([^']+)'/g

function roomOf(file: string): string {
  const [first = '', second = ''] = file.split('/')
  return first === 'runtime' && `${first}/${second}` in below ? `${first}/${second}` : first
}

function faultOf(file: string, target: string): string | undefined {
  const from = roomOf(file)
  const to = roomOf(target)
  if (from === to) return undefined
  const allowed = below[from]
  if (allowed === undefined) return `${file}: the room "${from}" is not known to scripts/check-imports.ts`
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
