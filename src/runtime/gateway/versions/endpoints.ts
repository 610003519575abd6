import type { Endpoint } from './endpoint.ts'
import { endpointFiles } from './manifest.ts'

/** An endpoint and its full path, which starts with the version. */
export interface Mounted {
  readonly path: string
  readonly endpoint: Endpoint
}

function isEndpoint(value: unknown): value is Endpoint {
  return typeof value === 'object' && value !== null && 'method' in value && 'path' in value && 'run' in value
}

/**
 * Imports every endpoint below `folder`. To add a version or an endpoint, add a folder or a file: there is no list to
 * update. In a bundle, scripts/bundle.ts replaces this module with static imports.
 */
export async function discoverEndpoints(folder: URL = new URL('./', import.meta.url)): Promise<Mounted[]> {
  const mounted: Mounted[] = []
  for (const { version, file } of endpointFiles(folder)) {
    const module: { default?: unknown } = await import(new URL(`${version}/${file}`, folder).href)
    if (!isEndpoint(module.default)) throw new Error(`${version}/${file} exports no endpoint`)
    mounted.push({ path: `/${version}${module.default.path}`, endpoint: module.default })
  }
  return mounted
}
