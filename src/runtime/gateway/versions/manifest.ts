import { readdirSync } from 'node:fs'

/** A file that defines an endpoint, and the version it belongs to. */
export interface EndpointFile {
  readonly version: string
  readonly file: string
}

const versionPattern = /^v\d+\.\d+$/
const sourcePattern = /^(?!.*\.(?:test|d)\.).+\.[jt]s$/

/**
 * Lists the endpoints below `folder`: each subfolder named like `v1.0` is a version, and each source file in it is an
 * endpoint. The gateway imports these files at startup; scripts/bundle.ts generates static imports of them.
 */
export function endpointFiles(folder: URL): EndpointFile[] {
  const versions = readdirSync(folder, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && versionPattern.test(entry.name),
  )
  return versions.flatMap(({ name: version }) =>
    readdirSync(new URL(`${version}/`, folder))
      .filter((file) => sourcePattern.test(file))
      .sort()
      .map((file) => ({ version, file })),
  )
}
