import { Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { confirm } from '../../cli/confirm.ts'
import { openPlace } from '../../cli/copyable.ts'
import { StepLine } from '../../cli/step-line.ts'
import { Problem } from '../../domain/problem.ts'
import { checkCopy, copyRegistry, countRegistry, thawRegistry } from '../../operations/registry/index.ts'
import { countsText } from '../../presenters/registry.ts'
import type { CopyableStore } from '../../registry/index.ts'

export default class RegistryCopy extends BaseCommand {
  static override summary = 'move the registry to a different store'
  static override description =
    `Refuses calls at --from with 503 registry-frozen, copies everything that counts to --to, compares both, and opens --to. --from stays frozen, so a gateway that still uses it admits nothing. Then point the gateways to --to.

An interrupted copy is finished by running it again. To take calls at --from again, use --thaw: it closes --to first, and calls that --to has admitted in the meantime stay there.

Passwords: APIGW_FROM_PASSWORD and APIGW_TO_PASSWORD, or APIGW_REGISTRY_PASSWORD for both.`
  static override examples = [
    '<%= config.bin %> registry copy --from dynamodb:apigw-registry --to redis://10.0.1.5 --dry-run',
    '<%= config.bin %> registry copy --from dynamodb:apigw-registry --to redis://10.0.1.5 --yes',
    '<%= config.bin %> registry copy --from dynamodb:apigw-registry --to redis://10.0.1.5 --thaw',
  ]
  static override baseFlags = {
    config: BaseCommand.baseFlags.config,
    stage: BaseCommand.baseFlags.stage,
  } as typeof BaseCommand.baseFlags
  static override flags = {
    from: Flags.string({ required: true, env: 'APIGW_FROM', helpValue: 'ADDRESS', summary: 'registry to copy' }),
    to: Flags.string({ env: 'APIGW_TO', helpValue: 'ADDRESS', summary: 'empty registry, or an unfinished copy of --from' }),
    thaw: Flags.boolean({ default: false, env: 'APIGW_THAW', summary: 'close --to and take calls at --from again' }),
    settle: Flags.integer({
      default: 2,
      min: 0,
      max: 60,
      env: 'APIGW_SETTLE',
      helpValue: 'SECONDS',
      summary: 'how long calls in progress are waited for',
    }),
    yes: shared.yes,
    'dry-run': shared.dryRun,
  }

  async run() {
    const { flags } = await this.parse(RegistryCopy)
    const settings = this.settings(flags)
    const source = await openPlace(flags.from, settings, process.env.APIGW_FROM_PASSWORD)
    try {
      if (flags.to === undefined && !flags.thaw) {
        throw new Problem('input-missing', '--to is missing.', { next: 'name the registry to copy to with --to' })
      }
      const target = flags.to === undefined ? undefined : await openPlace(flags.to, settings, process.env.APIGW_TO_PASSWORD)
      try {
        if (flags.thaw) return await this.#thaw(source, target, flags)
        if (target === undefined) throw new Problem('input-missing', '--to is missing.')
        return flags['dry-run'] ? await this.#count(source, target) : await this.#copy(source, target, flags)
      } finally {
        await target?.close()
      }
    } finally {
      await source.close()
    }
  }

  async #count(source: CopyableStore, target: CopyableStore) {
    await checkCopy(source, target)
    const counts = await countRegistry(source)
    this.log(countsText(counts))
    this.note('Dry run: nothing was changed.')
    return { state: 'counted', from: source.address, to: target.address, counts, refusedMs: 0, dryRun: true }
  }

  async #copy(source: CopyableStore, target: CopyableStore, flags: { readonly yes: boolean; readonly settle: number }) {
    await checkCopy(source, target)
    const question = `Calls at ${source.address} are refused from now on. Move it to ${target.address}?`
    await confirm(question, { yes: flags.yes, interactive: this.interactive })
    const stopping = new AbortController()
    const stop = (): void => stopping.abort()
    process.once('SIGINT', stop)
    const line = new StepLine(this.jsonEnabled())
    try {
      const copied = await copyRegistry(source, target, {
        settleMs: flags.settle * 1000,
        signal: stopping.signal,
        progress: ({ step, done }) => line.show(step, done),
      })
      line.end()
      this.log(countsText(copied.counts))
      const seconds = (copied.refusedMs / 1000).toFixed(1)
      if (copied.state === 'unchanged') this.note(`${target.address} is already a complete copy. Nothing was changed.`)
      else this.note(`Copied and compared. Calls were refused for ${seconds} s so far. Now set APIGW_REGISTRY of the gateways.`)
      return { ...copied, dryRun: false }
    } finally {
      line.end()
      process.removeListener('SIGINT', stop)
    }
  }

  async #thaw(
    source: CopyableStore,
    target: CopyableStore | undefined,
    flags: { readonly yes: boolean; readonly 'dry-run': boolean },
  ) {
    const to = target?.address
    if (flags['dry-run']) {
      this.log(`Would ${to === undefined ? '' : `close ${to} and `}take calls at ${source.address} again.`)
      return { from: source.address, state: 'frozen', dryRun: true }
    }
    const lost = to === undefined ? '' : ` What ${to} has admitted since the copy is not counted there.`
    await confirm(`Take calls at ${source.address} again?${lost}`, { yes: flags.yes, interactive: this.interactive })
    const thawed = await thawRegistry(source, target)
    if (thawed.closed !== undefined) this.note(`${thawed.closed} refuses calls from now on.`)
    this.log(thawed.state === 'thawed' ? `${source.address} takes calls again.` : `${source.address} was not frozen.`)
    return { ...thawed, dryRun: false }
  }
}
