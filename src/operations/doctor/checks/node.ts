import type { Check } from '../check.ts'

export function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const enough = major > 22 || (major === 22 && minor >= 18)
  const detail = `Node ${process.versions.node}`
  return enough
    ? { name: 'node', state: 'ok', detail }
    : { name: 'node', state: 'fail', detail, fix: 'install Node 22.18 or later' }
}
