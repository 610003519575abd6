import { fileURLToPath } from 'node:url'

/** The command that starts a process of the runtime, compiled or from source as this code is. */
export function runtimeCommand(name: 'gateway' | 'worker'): [string, string] {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return [process.execPath, fileURLToPath(new URL(`../../runtime/${name}/main.${extension}`, import.meta.url))]
}
