import { readFileSync } from 'node:fs'

// What a lock file must hold so that `npm ci` works on every platform and names no registry: npm leaves out optional
// packages that its registry cannot serve at the time, and then refuses the lock file elsewhere.
interface Entry {
  readonly resolved?: string
  readonly link?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const lock: { packages: Readonly<Record<string, Entry>> } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const faults: string[] = []

/** Whether Node would find `name` from the package at `from`: in its own node_modules or in one further up. */
function isLocked(from: string, name: string): boolean {
  const folders = [from]
  for (let at = from.lastIndexOf('/node_modules/'); at > 0; at = from.lastIndexOf('/node_modules/', at - 1))
    folders.push(from.slice(0, at))
  return `node_modules/${name}` in lock.packages || folders.some((folder) => `${folder}/node_modules/${name}` in lock.packages)
}

for (const [path, entry] of Object.entries(lock.packages)) {
  if (entry.resolved !== undefined && !entry.link) faults.push(`${path} names a registry: ${new URL(entry.resolved).host}`)
  for (const name of Object.keys(entry.optionalDependencies ?? {})) {
    if (!isLocked(path, name)) faults.push(`${path} may need ${name}, which is not in the lock file`)
  }
}
for (const fault of faults) process.stderr.write(`${fault}\n`)
if (faults.length > 0) process.exitCode = 1
