import { existsSync } from 'node:fs'
import { Command, Flags } from '@oclif/core'
import { environments } from '../domain/names.ts'
import type { Context } from '../operations/customers/index.ts'
import { loadMasterKeys, type OperatorRegistry, openOperatorRegistry } from '../registry/index.ts'
import { currentActor } from './actor.ts'
import { dryRun } from './dry-run.ts'
import { errorText, shownError } from './errors.ts'
import { canAsk } from './prompts.ts'
import { samePlace } from './same-place.ts'
import { type BaseFlags, resolveSettings, type Settings } from './settings.ts'

/** Flags that many commands share. Each flag's variable is `APIGW_` and its name in capitals; a test holds all to it. */
export const shared = {
  env: Flags.option({
    options: environments,
    env: 'APIGW_ENV',
    summary: 'live sends and costs money; test never reaches a carrier',
  }),
  dryRun: Flags.boolean({ default: false, env: 'APIGW_DRY_RUN', summary: 'show what would change, and change nothing' }),
  gateway: Flags.url({ env: 'APIGW_GATEWAY', helpValue: 'URL', summary: 'address of the gateway' }),
  profile: Flags.string({ env: 'APIGW_PROFILE', helpValue: 'NAME', summary: "another profile of the AWS CLI's configuration" }),
  confirm: Flags.string({
    multiple: true,
    env: 'APIGW_CONFIRM',
    helpValue: 'NAME',
    summary: 'the name that has to be typed where data would be lost',
  }),
  wait: Flags.boolean({ default: false, env: 'APIGW_WAIT', summary: 'while somebody else changes a stack, wait' }),
  yes: Flags.boolean({ char: 'y', env: 'APIGW_YES', summary: 'do not ask whether to go on' }),
} as const

/** Whether the file of a registry is still to be made. Only a change makes it: reading leaves a folder as it is. */
function isUnmade(address: string): boolean {
  const path = address.slice('sqlite:'.length)
  return address.startsWith('sqlite:') && path !== '' && !existsSync(path)
}

/** What every command has: base flags, one way to fail, one way to print. */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true
  static override baseFlags = {
    config: Flags.string({
      env: 'APIGW_CONFIG',
      helpGroup: 'GLOBAL',
      helpValue: 'FILE',
      summary: 'another file than ./apigw.yaml',
    }),
    stage: Flags.string({ env: 'APIGW_STAGE', helpGroup: 'GLOBAL', helpValue: 'NAME', summary: 'which stage of apigw.yaml' }),
    registry: Flags.string({
      env: 'APIGW_REGISTRY',
      helpGroup: 'GLOBAL',
      helpValue: 'ADDRESS',
      summary:
        'sqlite:PATH, redis://HOST, rediss://HOST or lambda:FUNCTION@REGION; a password belongs into APIGW_REGISTRY_PASSWORD',
    }),
  }

  /** Whether a question may be asked. */
  protected get interactive(): boolean {
    return canAsk(this.jsonEnabled())
  }

  /** Progress and hints: on stderr, and not for programs. */
  protected note(text: string): void {
    if (!this.jsonEnabled()) this.logToStderr(text)
  }

  /** A text whose commands, when they are copied, work where this one does. */
  protected here(text: string): string {
    return samePlace(text, this.argv, new Set(this.config.commandIDs.map((id) => id.split(':')[0] ?? '')))
  }

  protected settings(flags: BaseFlags): Settings {
    return resolveSettings(flags, this.argv, process.env, process.cwd())
  }

  /** Opens the registry, to read, for as long as `work` takes. */
  protected withRegistry<T>(flags: BaseFlags, work: (registry: OperatorRegistry) => Promise<T>): Promise<T> {
    return this.#withOpen(flags, false, work)
  }

  async #withOpen<T>(flags: BaseFlags, writes: boolean, work: (registry: OperatorRegistry) => Promise<T>): Promise<T> {
    const settings = this.settings(flags)
    const address = !writes && isUnmade(settings.registry) ? 'sqlite::memory:' : settings.registry
    const registry = await openOperatorRegistry(address, { password: settings.registryPassword, region: settings.region })
    try {
      return await work(registry)
    } finally {
      await registry.close()
    }
  }

  /** The same for a change: with who makes it, and on a registry that only pretends to write in a dry run. */
  protected async withContext<T>(flags: BaseFlags & { 'dry-run'?: boolean }, work: (context: Context) => Promise<T>): Promise<T> {
    const settings = this.settings(flags)
    return this.#withOpen(flags, !flags['dry-run'], async (registry) => {
      const context: Context = {
        registry: flags['dry-run'] ? dryRun(registry) : registry,
        actor: currentActor(process.env),
        now: Date.now,
        masterKeys: () => loadMasterKeys(settings.masterKey),
      }
      const result = await work(context)
      if (flags['dry-run']) this.note('Dry run: nothing was changed.')
      return result
    })
  }

  override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json, null, 2)}\n`)
  }

  protected override async catch(error: Error & { exitCode?: number }): Promise<void> {
    if ('oclif' in error && 'code' in error && error.code === 'EEXIT') throw error
    const found = shownError(error, this.id ?? '')
    const shown = { ...found, next: found.next && this.here(found.next) }
    const { code, message, next, exit } = shown
    if (this.jsonEnabled()) this.logJson({ error: { code, message, next: next ?? null } })
    else process.stderr.write(`${errorText(shown, process.env.DEBUG !== undefined)}\n`)
    this.exit(exit)
  }
}
