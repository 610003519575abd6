import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { jsonError, run, shownError } from '../../cli/run.ts'
import { bridged, example, sns, world } from '../../runtime/notifier/world.ts'
import { awsServer } from '../../support/aws-server.ts'
import type { SlackAnswer } from '../../support/slack.ts'
import { openTestQueue, startSqs } from '../../support/sqs.ts'
import { cloud } from './cloud.ts'

const name = 'apigw-trail-dead'

/** An installed trail with an SQS of its own, and the shipped notifier behind the function. */
async function withLetters(bodies: readonly string[], answers: SlackAnswer[] = []) {
  const sqs = await startSqs([name])
  onTestFinished(() => sqs.stop())
  const made = await cloud({ AWS_ENDPOINT_URL_SQS: sqs.endpoint })
  made.aws.put('apigw-trail')
  const notifier = await world({ answers })
  const given: unknown[] = []
  made.invoke = async (payload) => {
    given.push(payload)
    try {
      await notifier.run(payload)
      return {}
    } catch (error) {
      return { failed: error instanceof Error ? error.message : 'unknown' }
    }
  }
  const queue = openTestQueue(sqs.endpoint)
  onTestFinished(() => queue.close())
  for (let from = 0; from < bodies.length; from += 10) await queue.sendBatch(name, bodies.slice(from, from + 10))
  const list = async (...args: string[]) => {
    const { stdout, code } = await made.run('dlq', 'list', '--json', ...args)
    expect(code, stdout).toBe(0)
    const letters: { kind: string; about: string }[] = JSON.parse(stdout).letters
    return letters.map(({ kind, about }) => `${kind} ${about}`).sort()
  }
  return { ...made, made, sqs, slack: notifier.slack, given, list, left: () => sqs.bodies(name) }
}

const stopped = () => JSON.stringify({ Records: [sns(bridged(example('trail-stopped')))] })
const created = () => JSON.stringify(bridged(example('user-created')))
const words = (text: string) => JSON.stringify({ Type: 'Notification', ...sns(text, { Subject: text }).Sns })
/** Slack rejects every post; the notifier retries until its timeout. */
const down = (): SlackAnswer[] => Array.from({ length: 50 }, () => ({ status: 500, body: 'down' }))

describe('dlq list', () => {
  test('shows a description of each, and leaves them in the queue', async () => {
    const { made, list, left } = await withLetters([stopped(), created(), words('over budget'), 'not even JSON'])
    const all = ['activity CreateUser', 'activity StopLogging', 'text not even JSON', 'text over budget']
    expect(await list()).toEqual(all)
    expect(await list()).toEqual(all)
    expect(await list('--most', '2')).toHaveLength(2)
    expect(left()).toHaveLength(4)
    const { stdout, stderr } = await made.run('dlq', 'list')
    expect(stdout).toMatch(/activity +StopLogging/)
    expect(stderr).toContain('Next: apigw trail status, then apigw trail dlq redrive')
  })

  test('reports an empty queue, and a missing trail', async () => {
    const { made, aws } = await withLetters([])
    expect((await made.run('dlq', 'list')).stdout).toBe('The dead-letter queue is empty.\n')
    aws.stacks.clear()
    for (const args of [['list'], ['redrive', '--yes']]) {
      expect(shownError(await made.run('dlq', ...args))).toEqual({
        message: 'The activity trail is not installed in ap-northeast-2.',
        next: 'apigw trail install',
      })
    }
  })
})

describe('dlq redrive', () => {
  test('needs confirmation, and changes nothing without it', async () => {
    const { made, given, list } = await withLetters([stopped()])
    const refused = await made.run('dlq', 'redrive', '--json')
    expect(jsonError(refused)).toMatchObject({ code: 'input-missing', next: 'add --yes' })
    expect(given).toEqual([])
    expect(await list()).toHaveLength(1)
  })

  test('posts all of them to Slack, and deletes them', async () => {
    const more = Array.from({ length: 11 }, (_, at) => words(`budget ${at}`))
    const { made, slack, list, left } = await withLetters([stopped(), created(), ...more])
    const { stdout, code, stderr } = await made.run('dlq', 'redrive', '--yes')
    expect(code, stderr).toBe(0)
    expect(stdout).toBe('13 posted, 0 failed again.\n')
    expect(left()).toEqual([])
    expect(await list()).toEqual([])
    expect(JSON.stringify(slack.delivered)).toContain('CloudTrail was stopped')
  })

  test('posts nothing twice: duplicates in the queue give one message', async () => {
    const one = stopped()
    const { made, slack, left } = await withLetters([one, one])
    expect(JSON.parse((await made.run('dlq', 'redrive', '--yes', '--json')).stdout)).toEqual({ told: 2, failed: 0, why: null })
    expect(slack.delivered).toHaveLength(1)
    expect(left()).toEqual([])
  })

  test('posts some of them with --most', async () => {
    const { made, given, left, list } = await withLetters([stopped(), created(), words('over budget')])
    expect(JSON.parse((await made.run('dlq', 'redrive', '--yes', '--most', '2', '--json')).stdout)).toMatchObject({ told: 2 })
    expect(given).toHaveLength(2)
    expect(left()).toHaveLength(1)
    expect(await list()).toHaveLength(1)
  })

  test('keeps what fails again: one attempt, with the reason, visible at once and posted by the next run', async () => {
    const { made, slack, given, list, left } = await withLetters([stopped(), words('over budget')], down())
    const { stdout, stderr, code } = await made.run('dlq', 'redrive', '--yes')
    expect(code).toBe(1)
    expect(stdout).toMatch(/^0 posted, 2 failed again: .*500/)
    expect(stderr).toContain('Next: apigw trail status')
    expect(given).toHaveLength(2)
    expect(left()).toHaveLength(2)
    expect(await list()).toEqual(['activity StopLogging', 'text over budget'])
    made.invoke = async () => ({})
    expect((await made.run('dlq', 'redrive', '--yes')).stdout).toBe('2 posted, 0 failed again.\n')
    expect(left()).toEqual([])
    expect(slack.delivered).toEqual([])
  })

  test('without permission to invoke the function, says so and returns the messages', async () => {
    const { made, denied, list } = await withLetters([stopped(), created()])
    denied.add('Invoke')
    const { code, message } = jsonError(await made.run('dlq', 'redrive', '--yes', '--json'))
    expect({ code, message }).toEqual({ code: 'aws-denied', message: 'You lack the right lambda:InvokeFunction on *.' })
    expect(await list()).toHaveLength(2)
  })
})

describe('the queue', () => {
  const queueAnswers = async (error: string) => {
    const { url: endpoint, asked: calls } = await awsServer(() => ({ error }))
    const made = await cloud({ AWS_ENDPOINT_URL_SQS: endpoint })
    made.aws.put('apigw-trail')
    return { made, calls }
  }

  test.each([['list'], ['redrive', '--yes']])('that is not readable: dlq %s names the permission', async (...args) => {
    const { made } = await queueAnswers('AccessDeniedException')
    const refused = await made.run('dlq', ...args, '--json')
    expect(refused.code).toBe(1)
    expect(jsonError(refused)).toMatchObject({ code: 'aws-denied', message: 'You lack the right sqs:ReceiveMessage.' })
  })

  test('that does not exist is reported', async () => {
    const { made } = await queueAnswers('QueueDoesNotExist')
    expect(jsonError(await made.run('dlq', 'list', '--json'))).toMatchObject({
      code: 'queue-unavailable',
      message: `The queue "${name}" does not exist.`,
    })
  })

  test('is in the region of the profile', async () => {
    const { made, calls } = await queueAnswers('QueueDoesNotExist')
    const { AWS_REGION, ...env } = made.env
    expect(AWS_REGION).toBe('ap-northeast-2')
    const config = join(made.cwd, 'config')
    writeFileSync(config, '[default]\nregion = eu-west-1\n')
    await run(['trail', 'dlq', 'list'], { cwd: made.cwd, env: { ...env, AWS_CONFIG_FILE: config } })
    expect(calls.map(({ region }) => region)).toEqual(['eu-west-1'])
  })
})
