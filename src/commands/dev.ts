import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Flags } from '@oclif/core'
import { currentActor } from '../cli/actor.ts'
import { BaseCommand } from '../cli/base.ts'
import { demoFile } from '../cli/credentials.ts'
import { facts, plain, styled } from '../cli/output.ts'
import { dataFolder } from '../cli/settings.ts'
import { stopSignal } from '../cli/signals.ts'
import { demoCustomer, ensureDemo, type Local, playScenario, type Step, startLocal } from '../dev/local/index.ts'
import { liveLine } from '../presenters/live-line.ts'

export default class Dev extends BaseCommand {
  static override summary = 'run the whole system on this machine; nothing is sent to anyone'
  static override description =
    'Gateway, queues (SQS, emulated), worker, database and a simulated carrier in one process, kept under .apigw/.\nThe first start adds a demo customer and shows a call to try. --once plays the main job from end to end in a folder of its own,\nand exits with 0 only if every step was seen.'
  static override examples = ['<%= config.bin %> dev', '<%= config.bin %> dev --port 9000', '<%= config.bin %> dev --once']
  // The registry is always the one of this machine: a shell that points at production must not get a demo customer there.
  static override baseFlags = {
    config: BaseCommand.baseFlags.config,
    stage: BaseCommand.baseFlags.stage,
  } as typeof BaseCommand.baseFlags
  static override flags = {
    port: Flags.integer({ default: 8080, min: 0, max: 65_535, env: 'APIGW_PORT', summary: 'of the gateway; 0: any free one' }),
    'sqs-port': Flags.integer({
      default: 9324,
      min: 0,
      max: 65_535,
      env: 'APIGW_SQS_PORT',
      summary: 'of the queues; 0: any free one',
    }),
    data: Flags.directory({ default: dataFolder, env: 'APIGW_DATA', helpValue: 'DIR', summary: 'where everything is kept' }),
    once: Flags.boolean({ env: 'APIGW_ONCE', summary: 'play the main job once and stop' }),
  }

  async run() {
    const { flags } = await this.parse(Dev)
    return flags.once ? this.#once() : this.#serve(resolve(flags.data), flags.port, flags['sqs-port'])
  }

  #start(folder: string, port: number, sqsPort: number): Promise<Local> {
    const onFault = (what: string, error: unknown): void => {
      const reason = error instanceof Error ? error.message : String(error)
      process.stderr.write(`${styled('red', 'fault', process.stderr)} ${what}: ${plain(reason)}\n`)
    }
    return startLocal({ folder, port, sqsPort, actor: currentActor(process.env), onFault })
  }

  async #serve(folder: string, port: number, sqsPort: number) {
    const stopped = stopSignal()
    const local = await this.#start(folder, port, sqsPort)
    try {
      const { gateway, sqs, counters } = local
      const issued = await ensureDemo(local.context, folder)
      this.log(welcome(local, folder, issued?.basic))
      // A program wants to know when it may call, not when all is over.
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
      const local = await this.#start(folder, 0, 0)
      try {
        const steps = await playScenario(local, (step) => this.log(stepLine(step)))
        const passed = steps.every((step) => step.seen)
        this.log(passed ? styled('green', 'Every step was seen.') : styled('red', 'A step was not seen.'))
        if (!passed) process.exitCode = 1
        return { passed, steps }
      } finally {
        await local.stop()
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

function stepLine({ what, seen, detail }: Step): string {
  return `${seen ? styled('green', '✓') : styled('red', '✗')} ${what}  ${styled('dim', detail)}`
}

/** How the tool is called here: `npm start` puts no `apigw` on the path. */
function bin(): string {
  return process.env.npm_lifecycle_event === undefined ? 'apigw' : 'npx apigw'
}

function curl(gateway: string, credentials: string): string {
  return [
    `curl -u ${credentials} ${gateway}/v1.0/messages \\`,
    `  -H 'content-type: application/json' -d '{"to":"010-1234-5678","from":"1588-1234","text":"Hello"}'`,
  ].join('\n')
}

/** @param basic the demo customer's credentials, on the first start only */
function welcome({ gateway, sqs }: Local, folder: string, basic: string | undefined): string {
  const addresses = facts(
    [
      ['gateway', gateway],
      ['queues', `${sqs}  (SQS, emulated)`],
      ['data', folder],
    ],
    '  ',
  )
  const env = join(folder, demoFile)
  const call =
    basic === undefined
      ? `The customer "${demoCustomer}" is there from an earlier start. A call:\n\n. ${env}\n${curl(gateway, '"$APIGW_CREDENTIALS"')}`
      : `The customer "${demoCustomer}" is ready, with a key that is shown this once (and kept for you in ${env}). A call:\n\n${curl(gateway, `'${basic}'`)}`
  const next = [
    `${bin()} send --to 010-1234-5678 --text "Hello"`,
    `${bin()} quota show ${demoCustomer}`,
    `${bin()} customer add`,
    `${bin()} doctor`,
  ].map((line) => `  ${line}`)
  return [
    styled('bold', 'apigw runs on this machine. Nothing is sent to anyone.'),
    addresses,
    call,
    ['Then, in a second terminal in this folder:', ...next].join('\n'),
    styled('dim', 'Ctrl-C stops it. What was accepted stays.'),
    '',
  ].join('\n\n')
}
