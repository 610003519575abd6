import { Problem } from '../domain/problem.ts'
import { type CopyableStore, openCopyable, safeAddress } from '../registry/index.ts'
import { absolute, type Settings } from './settings.ts'

/** Opens a registry to read or to write all of it. @throws Problem as `openCopyable` */
export function openPlace(address: string, settings: Settings, password: string | undefined): Promise<CopyableStore> {
  const place = absolute(address, process.cwd())
  if (address.startsWith('lambda:')) {
    throw new Problem('config-invalid', `${safeAddress(address)} is a function, which does not show all of its registry.`, {
      next: 'run the command within the network of the registry, and give its own address',
    })
  }
  return openCopyable(place, { password: password ?? settings.registryPassword, region: settings.region })
}
