import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { playMessages, type Step } from '../../../../src/dev/rehearse/play/messages.ts'
import { RehearsedStage } from '../../../../src/dev/rehearse/stage/stage.ts'
import type { DeploySettings, StackKey } from '../../../../src/domain/stage.ts'
import { place, root, sentStage, withChange } from '../stages.ts'

export interface Fault {
  readonly what: string
  readonly key: StackKey
  /** What is replaced in the template of `key`, and by what. */
  readonly from: string | RegExp
  readonly to: string
  /** The first step that fails. */
  readonly fails: string
  readonly finds: RegExp
}

export const accepted = 'a signed call of the customer is accepted'
export const stored = 'its message is in the table of the carrier'

/** Runs a stage with one template changed. @returns the first step that failed, and what was found */
async function brokenStage(settings: DeploySettings, key: StackKey, from: string | RegExp, to: string) {
  const stacks = withChange(await sentStage(settings, root), key, from, to)
  const folder = mkdtempSync(join(tmpdir(), 'apigw-rehearse-'))
  const stage = await RehearsedStage.start({ stacks, place, folder, root })
  const steps: Step[] = []
  try {
    await playMessages(stage, (step) => steps.push(step), 3_000)
    return {
      failed: steps.find(({ passed }) => !passed)?.what,
      findings: stage.findings.all.map(({ at, message }) => `${at} ${message}`),
    }
  } finally {
    await stage.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

export async function expectFound({ key, from, to, fails, finds }: Fault, settings: DeploySettings): Promise<void> {
  const { failed, findings } = await brokenStage(settings, key, from, to)
  expect(failed, findings.join('\n')).toBe(fails)
  expect(findings).toEqual(expect.arrayContaining([expect.stringMatching(finds)]))
}
