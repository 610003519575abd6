import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Flags } from '@oclif/core'
import { currentActor } from '../cli/actor.ts'
import { BaseCommand } from '../cli/base.ts'
import { demoFile } from '../cli/credentials.ts'
import { liveLine } from '../cli/live-line.ts'
import { dataFolder } from '../cli/settings.ts'
import { stopSignal } from '../cli/signals.ts'
import { demoCustomer, ensureDemo, type Local, playScenario, type Step, startLocal } from '../dev/local/index.ts'
import { withoutValues } from '../domain/masked.ts'
import { checkOriginCode } from '../domain/sending.ts'
import { facts, plain, styled } from '../presenters/output.ts'

export default class Dev extends BaseCommand {
  static override summary = 'run the whole system on this machine without sending anything'
  static override description =
    'Runs gateway, queues (emulated SQS), worker, database and a simulated carrier in one process, with data in .apigw/.\nThe first start adds a demo customer and prints a call to try. --once runs the main flow end to end in a temporary folder,\nand exits with 0 only if all steps pass.'
  static override examples = ['<%= config.bin %> dev', '<%= config.bin %> dev --port 9000', '<%= config.bin %> dev --once']
  // Always uses the local registry: a shell that points at production must not get a demo customer there.
  static override baseFlags = {
    config: BaseCommand.baseFlags.config,
    stage: BaseCommand.baseFlags.stage,
  } as typeof BaseCommand.baseFlags
  static override flags = {
    port: Flags.integer({ default: 8080, min: 0, max: 65_535, env: 'APIGW_PORT', summary: 'gateway port; 0 for any free port' }),
    'sqs-port': Flags.integer({
      default: 9324,
      min: 0,
      max: 65_535,
      env: 'APIGW_SQS_PORT',
      summary: 'SQS port; 0 for any free port',
    }),
    data: Flags.directory({ default: dataFolder, env: 'APIGW_DATA', helpValue: 'DIR', summary: 'data folder' }),
    'origin-code': Flags.string({
      env: 'APIGW_ORIGIN_CODE',
      helpValue: 'CODE',
      summary: 'your origin code as a reseller, for customers without one of their own',
    }),
    once: Flags.boolean({ env: 'APIGW_ONCE', summary: 'run the main flow once and exit' }),
  }

  async run() {
    const { flags } = await this.parse(Dev)
    const originCode = flags['origin-code'] || undefined
    if (originCode !== undefined) checkOriginCode(originCode)
    return flags.once ? this.#once() : this.#serve(resolve(flags.data), flags.port, flags['sqs-port'], originCode)
  }

  #start(options: Omit<Parameters<typeof startLocal>[0], 'actor' | 'onFault'>): Promise<Local> {
    const onFault = (what: string, error: unknown): void => {
      const reason = withoutValues(error instanceof Error ? error.message : String(error))
      process.stderr.write(`${styled('red', 'error', process.stderr)} ${what}: ${plain(reason)}\n`)
    }
    return startLocal({ ...options, actor: currentActor(process.env), onFault })
  }

  async #serve(folder: string, port: number, sqsPort: number, originCode: string | undefined) {
    const stopped = stopSignal()
    const local = await this.#start({ folder, port, sqsPort, originCode, onNotice: printNotice })
    try {
      const { gateway, sqs, counters } = local
      const issued = await ensureDemo(local.context, folder)
      this.log(welcome(local, folder, issued?.basic))
      // Printed at the start: a program waits for it before it calls.
      if (this.jsonEnabled()) this.logJson({ gateway, sqs, data: folder, customer: demoCustomer })
      const end = this.jsonEnabled() ? () => undefined : liveLine(counters)
      await stopped
      end()
      this.note('Stopping …')
      return undefined
    } finally {
      await local.stop()
    }
  }

  async #once() {
    const folder = mkdtempSync(join(tmpdir(), 'apigw-once-'))
    try {
      // Its customer uses up its quota: that is a step, and no news.
      const local = await this.#start({ folder, port: 0, sqsPort: 0 })
      try {
        const steps = await playScenario(local, (step) => this.log(stepLine(step)))
        const passed = steps.every((step) => step.passed)
        this.log(passed ? styled('green', 'All steps passed.') : styled('red', 'A step failed.'))
        if (!passed) process.exitCode = 1
        // `seen` is the name of the field in `--json`.
        return { passed, steps: steps.map(({ what, passed: seen, detail }) => ({ what, seen, detail })) }
      } finally {
        await local.stop()
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

async function printNotice({ text }: { readonly text: string }): Promise<void> {
  for (const line of text.split('\n')) process.stderr.write(`${styled('yellow', 'quota', process.stderr)} ${plain(line)}\n`)
}

function stepLine({ what, passed, detail }: Step): string {
  return `${passed ? styled('green', '✓') : styled('red', '✗')} ${what}  ${styled('dim', detail)}`
}

/** The command to show: `npm start` does not put `apigw` on the path. */
function bin(): string {
  return process.env.npm_lifecycle_event === undefined ? 'apigw' : 'npx apigw'
}

function curl(gateway: string, credentials: string): string {
  return [
    `curl -u ${credentials} ${gateway}/v1.0/messages \\`,
    `  -H 'content-type: application/json' -H 'idempotency-key: first-message' \\`,
    `  -d '{"to":"010-1234-5678","from":"1588-1234","text":"Hello"}'`,
  ].join('\n')
}

/** @param basic the demo customer's credentials, on the first start only */
function welcome({ gateway, sqs }: Local, folder: string, basic: string | undefined): string {
  const addresses = facts(
    [
      ['gateway', gateway],
      ['queues', `${sqs}  (emulated SQS)`],
      ['data', folder],
    ],
    '  ',
  )
  const env = join(folder, demoFile)
  const call =
    basic === undefined
      ? `The customer "${demoCustomer}" exists from an earlier start. Try a call:\n\n. ${env}\n${curl(gateway, '"$APIGW_CREDENTIALS"')}`
      : `The customer "${demoCustomer}" is ready. Its key is shown only once (and saved in ${env}). Try a call:\n\n${curl(gateway, `'${basic}'`)}`
  const next = [
    `${bin()} send --to 010-1234-5678 --text "Hello"`,
    `${bin()} quota show ${demoCustomer}`,
    `${bin()} customer add`,
    `${bin()} doctor`,
  ].map((line) => `  ${line}`)
  return [
    styled('bold', 'apigw is running on this machine. Nothing is sent.'),
    addresses,
    call,
    ['Next, in a second terminal in this folder:', ...next].join('\n'),
    styled('dim', 'Press Ctrl-C to stop. Accepted messages are kept.'),
    '',
  ].join('\n\n')
}
