import { existsSync } from 'node:fs'
import { Command, Flags } from '@oclif/core'
import { environments } from '../domain/names.ts'
import { type NextStep, nextText } from '../domain/next-step.ts'
import type { Context } from '../operations/customers/index.ts'
import { loadMasterKeys, type OperatorRegistry, openOperatorRegistry } from '../registry/index.ts'
import { currentActor } from './actor.ts'
import { dryRun } from './dry-run.ts'
import { errorText, shownError } from './errors.ts'
import { placeFlags } from './place-flags.ts'
import { canAsk } from './prompts.ts'
import { registryAddress } from './registry-address.ts'
import { type BaseFlags, resolveSettings, type Settings } from './settings.ts'

/** Flags that many commands share. A flag's variable is `APIGW_` and its name in capitals; a test checks all of them. */
export const shared = {
  env: Flags.option({
    options: environments,
    env: 'APIGW_ENV',
    summary: 'environment: live sends and costs money; test never reaches a carrier',
  }),
  dryRun: Flags.boolean({ default: false, env: 'APIGW_DRY_RUN', summary: 'show what would change, without changing anything' }),
  gateway: Flags.url({ env: 'APIGW_GATEWAY', helpValue: 'URL', summary: 'gateway URL' }),
  profile: Flags.string({ env: 'APIGW_PROFILE', helpValue: 'NAME', summary: 'AWS CLI profile' }),
  confirm: Flags.string({
    multiple: true,
    env: 'APIGW_CONFIRM',
    helpValue: 'NAME',
    summary: 'name to type when data would be lost',
  }),
  wait: Flags.boolean({ default: false, env: 'APIGW_WAIT', summary: 'wait while another operation changes a stack' }),
  yes: Flags.boolean({ char: 'y', env: 'APIGW_YES', summary: 'skip confirmation' }),
} as const

/** Whether the SQLite file of a registry does not exist yet. Only a change creates it; reading must not. */
function isMissingFile(address: string): boolean {
  const path = address.slice('sqlite:'.length)
  return address.startsWith('sqlite:') && path !== '' && !existsSync(path)
}

/** The base of all commands: global flags, error handling and output. */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true
  static override baseFlags = {
    config: Flags.string({
      env: 'APIGW_CONFIG',
      helpGroup: 'GLOBAL',
      helpValue: 'FILE',
      summary: 'configuration file (default: ./apigw.yaml)',
    }),
    stage: Flags.string({ env: 'APIGW_STAGE', helpGroup: 'GLOBAL', helpValue: 'NAME', summary: 'stage in apigw.yaml' }),
    registry: Flags.string({
      env: 'APIGW_REGISTRY',
      helpGroup: 'GLOBAL',
      helpValue: 'ADDRESS',
      summary:
        'sqlite:PATH, redis://HOST, rediss://HOST, dynamodb:TABLE or lambda:FUNCTION@REGION; set the password in APIGW_REGISTRY_PASSWORD',
    }),
  }

  /** Whether the command may prompt. */
  protected get interactive(): boolean {
    return canAsk(this.jsonEnabled())
  }

  /** Prints progress and hints to stderr; with --json it prints nothing. */
  protected note(text: NextStep): void {
    if (!this.jsonEnabled()) this.logToStderr(this.nextText(text))
  }

  /** The text of a next step. Its commands get the flags that make them work in the same place as this one. */
  protected nextText(next: NextStep): string {
    const takes = (command: string, flag: string): boolean =>
      this.config.findCommand(command.replaceAll(' ', ':'))?.flags[flag] !== undefined
    return nextText(next, (command) => placeFlags(command, this.argv, takes))
  }

  protected settings(flags: BaseFlags): Settings {
    return resolveSettings(flags, this.argv, process.env, process.cwd())
  }

  /** Opens the registry for reading while `work` runs. */
  protected withRegistry<T>(flags: BaseFlags, work: (registry: OperatorRegistry) => Promise<T>): Promise<T> {
    return this.#withOpen(flags, false, work)
  }

  async #withOpen<T>(flags: BaseFlags, writes: boolean, work: (registry: OperatorRegistry) => Promise<T>): Promise<T> {
    const settings = this.settings(flags)
    const named = await registryAddress(settings)
    const address = !writes && isMissingFile(named) ? 'sqlite::memory:' : named
    const registry = await openOperatorRegistry(address, { password: settings.registryPassword, region: settings.region })
    try {
      return await work(registry)
    } finally {
      await registry.close()
    }
  }

  /** Opens the registry for a change, with its actor. In a dry run the registry only pretends to write. */
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
    const shown = shownError(error, this.id ?? '', (next) => this.nextText(next))
    const { code, message, next, exit } = shown
    if (this.jsonEnabled()) this.logJson({ error: { code, message, next: next ?? null } })
    else process.stderr.write(`${errorText(shown, process.env.DEBUG !== undefined)}\n`)
    this.exit(exit)
  }
}
