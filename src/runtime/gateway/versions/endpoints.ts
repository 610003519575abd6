import { readdir } from 'node:fs/promises'
import type { Endpoint } from './endpoint.ts'

/** A version's endpoints, under the path that the version's folder is named after. */
export interface Mounted {
  readonly path: string
  readonly endpoint: Endpoint
}

const version = /^v\d+\.\d+$/
const source = /^(?!.*\.(?:test|d)\.).+\.[jt]s$/

function isEndpoint(value: unknown): value is Endpoint {
  return typeof value === 'object' && value !== null && 'method' in value && 'path' in value && 'run' in value
}

/**
 * Finds every endpoint: a folder is a version, a file in it an endpoint. Adding either touches nothing that exists,
 * so no list of them is kept anywhere.
 */
export async function discoverEndpoints(folder: URL = new URL('./', import.meta.url)): Promise<Mounted[]> {
  const found: Mounted[] = []
  const entries = await readdir(folder, { withFileTypes: true })
  for (const { name } of entries.filter((entry) => entry.isDirectory() && version.test(entry.name))) {
    const files = (await readdir(new URL(`${name}/`, folder))).filter((file) => source.test(file)).sort()
    for (const file of files) {
      const module: { default?: unknown } = await import(new URL(`${name}/${file}`, folder).href)
      if (!isEndpoint(module.default)) throw new Error(`${name}/${file} exports no endpoint`)
      found.push({ path: `/${name}${module.default.path}`, endpoint: module.default })
    }
  }
  return found
}
