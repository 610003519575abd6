import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { project } from '../operations/stacks/installation.ts'
import { awsServer } from '../support/aws-server.ts'
import { FakeCloudFormation } from '../support/cloudformation.ts'
import { json, ok, registryFile, run, secretsIn, temporaryFolder } from './run.ts'
import { ctrlC, enter, hasPython, talk } from './talk.ts'

const controlSequence = '\u001b'

describe.skipIf(!hasPython())('on a terminal', () => {
  const questions = {
    id: 'Customer id',
    name: 'Name',
    zone: 'Time zone',
    day: 'Live units per day',
    month: 'Live units per month',
    queue: 'Queue for live messages',
    sender: 'Registered sender',
  }

  test('customer add prompts for every value, and applies the answers', async () => {
    const folder = temporaryFolder()
    const { screen, code } = await talk(
      folder,
      ['customer', 'add'],
      [
        [questions.id, `acme${enter}`],
        [questions.name, `Acme Ltd${enter}`],
        [questions.zone, enter],
        [questions.day, `1000${enter}`],
        [questions.month, enter],
        [questions.queue, `carrier-a${enter}`],
        [questions.sender, `1588-1234${enter}`],
      ],
    )
    expect(code, screen).toBe(0)
    expect(secretsIn(screen)).toHaveLength(2)
    expect(await json(['customer', 'show', 'acme'], { cwd: folder })).toMatchObject({
      id: 'acme',
      name: 'Acme Ltd',
      timeZone: 'Asia/Seoul',
      quotas: { live: { day: 1000 } },
      routes: [
        { environment: 'test', targets: [{ queue: 'sandbox', weight: 1, order: 1 }] },
        { environment: 'live', targets: [{ queue: 'carrier-a', weight: 1, order: 1 }] },
      ],
      keys: [{ environment: 'live' }, { environment: 'test' }],
    })
    expect(await json(['sender', 'list', 'acme'], { cwd: folder })).toMatchObject({ senders: [{ number: '+8215881234' }] })
  })

  test('prompts only for values without a flag, and an empty answer skips the limit and the route', async () => {
    const folder = temporaryFolder()
    const { screen, code } = await talk(
      folder,
      ['customer', 'add', 'acme', '--name', 'A', '--time-zone', 'UTC'],
      [
        [questions.day, enter],
        [questions.month, enter],
        [questions.queue, enter],
      ],
    )
    expect(code, screen).toBe(0)
    expect(screen).not.toContain(questions.id)
    expect(await json(['customer', 'show', 'acme'], { cwd: folder })).toMatchObject({
      quotas: { live: null },
      routes: [{ targets: [{ queue: 'sandbox', weight: 1, order: 1 }] }],
      keys: [{ environment: 'test' }],
    })
  })

  test('an invalid answer prints the reason and repeats the prompt', async () => {
    const folder = temporaryFolder()
    const wipe = '\u007f'.repeat(20)
    const { screen, code } = await talk(
      folder,
      ['customer', 'add', '--key', 'test'],
      [
        [questions.id, `Not OK${enter}`],
        ['cannot be a customer id', `${wipe}acme${enter}`],
        [questions.name, enter],
        [questions.zone, `Mars${enter}`],
        ['not a time zone', `${wipe}UTC${enter}`],
        [questions.day, `0${enter}`],
        ['The day limit cannot be 0', `${wipe}5${enter}`],
        [questions.month, `many${enter}`],
        ['is not a number', `${wipe}none${enter}`],
        [questions.queue, `sandbox${enter}`],
        ['may not use the sandbox', `${wipe}carrier-a${enter}`],
        [questions.sender, `0505${enter}`],
        ['cannot be a sender', `${wipe}${enter}`],
      ],
    )
    expect(code, screen).toBe(0)
    expect(await json(['customer', 'show', 'acme'], { cwd: folder })).toMatchObject({
      id: 'acme',
      name: 'acme',
      timeZone: 'UTC',
      quotas: { live: { day: 5 } },
      keys: [{ environment: 'test' }],
    })
  })

  test('Ctrl-C at any prompt exits with 130 and writes nothing', async () => {
    const answers = [
      [questions.id, `acme${enter}`],
      [questions.name, enter],
      [questions.zone, enter],
      [questions.day, `5${enter}`],
      [questions.month, enter],
    ] as const
    await Promise.all(
      [0, 1, 4].map(async (answered) => {
        const folder = temporaryFolder()
        const interrupted = [answers[answered]?.[0] ?? '', ctrlC] as const
        const { screen, code } = await talk(folder, ['customer', 'add'], [...answers.slice(0, answered), interrupted])
        expect(code, screen).toBe(130)
        expect(screen).toContain('Interrupted. No further changes were made.')
        expect(screen).not.toMatch(/ExitPromptError|at .*\.js/)
        expect(existsSync(registryFile(folder))).toBe(false)
      }),
    )
  })

  test('--yes and CI disable the prompts', async () => {
    const folder = temporaryFolder()
    expect(await talk(folder, ['customer', 'add', 'acme', '--yes'], [])).toMatchObject({ code: 0 })
    const { screen, code } = await talk(folder, ['customer', 'add'], [], { CI: 'true' })
    expect({ code, asked: screen.includes('?  ') }).toEqual({ code: 2, asked: false })
    expect(screen).toContain('The customer id is missing')
  })

  test('customer remove continues only when the customer id is typed', async () => {
    const folder = temporaryFolder()
    await ok(['customer', 'add', 'acme'], { cwd: folder })
    for (const answer of ['y', '', 'acmee']) {
      const { screen, code } = await talk(folder, ['customer', 'remove', 'acme'], [['Type the customer id', `${answer}${enter}`]])
      expect(code, screen).toBe(1)
      expect(screen).toContain('Nothing was removed')
    }
    expect(await talk(folder, ['customer', 'remove', 'acme'], [['Type the customer id', ctrlC]])).toMatchObject({ code: 130 })
    expect(await json(['customer', 'list'], { cwd: folder })).toMatchObject({ customers: [{ id: 'acme' }] })
    expect(await talk(folder, ['customer', 'remove', 'acme'], [['Type the customer id', `acme${enter}`]])).toMatchObject({
      code: 0,
    })
    expect(await json(['customer', 'list'], { cwd: folder })).toEqual({ customers: [], found: 0 })
  })

  test('destroy shows in red what is deleted, and continues only when the stage name is typed', async () => {
    const aws = new FakeCloudFormation(100)
    const { env } = await awsServer(aws.query)
    const stack = aws.put('apigw-prod-data', { template: 'Resources: {Db: {Type: "AWS::RDS::DBInstance"}}' })
    const folder = project()
    for (const answer of ['yes', 'dev']) {
      const { screen, code } = await talk(folder, ['destroy'], [['Type prod to confirm', `${answer}${enter}`]], env)
      expect(code, screen).toBe(1)
      expect(screen).toContain('Nothing was changed')
      expect(screen).toContain(`${controlSequence}[31m${controlSequence}[1mDATA LOSS`)
    }
    expect(stack.status).toBe('CREATE_COMPLETE')
    expect(await talk(folder, ['destroy'], [['Type prod to confirm', ctrlC]], env)).toMatchObject({ code: 130 })
    expect(stack.status).toBe('CREATE_COMPLETE')
    expect(await talk(folder, ['destroy'], [['Type prod to confirm', `prod${enter}`]], env)).toMatchObject({ code: 0 })
    expect(stack.status).toBe('DELETE_COMPLETE')
  })

  test('credentials are not echoed', async () => {
    const { screen, code } = await talk(
      temporaryFolder(),
      ['send', '--to', '010-1234-5678', '--text', 'x', '--gateway', 'http://127.0.0.1:1'],
      [['Credentials', `acme:swordfish:ak${enter}`]],
    )
    expect(code, screen).toBe(1)
    expect(screen).toContain('does not answer')
    expect(screen).not.toContain('swordfish')
  })

  test('a terminal gets colours, unless NO_COLOR is set', async () => {
    const folder = temporaryFolder()
    await ok(['customer', 'add', 'acme'], { cwd: folder })
    const seen = await Promise.all(
      ['acme', 'stranger'].flatMap((id) => [{}, { NO_COLOR: '1' }].map((env) => talk(folder, ['customer', 'show', id], [], env))),
    )
    expect(seen.map(({ screen }) => screen.includes(controlSequence))).toEqual([true, false, true, false])
  })
})

test('a pipe gets no control sequences', async () => {
  const folder = temporaryFolder()
  await ok(['customer', 'add', 'acme'], { cwd: folder })
  for (const args of [['customer', 'show', 'acme'], ['customer', 'list'], ['doctor'], ['customer', 'show', 'stranger']]) {
    const { stdout, stderr } = await run(args, { cwd: folder })
    expect(stdout + stderr).not.toContain(controlSequence)
    expect((stdout + stderr).length).toBeGreaterThan(0)
  }
  expect(existsSync(join(folder, '.apigw'))).toBe(true)
})
