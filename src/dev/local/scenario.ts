import { setTimeout as sleep } from 'node:timers/promises'
import type { Carrier } from '../../domain/carrier.ts'
import { recordOf } from '../../domain/record.ts'
import { addCustomer, type IssuedKey, revokeKey } from '../../operations/customers/index.ts'
import type { Local } from './local.ts'

/** One step of the scenario and its result. */
export interface Step {
  readonly what: string
  readonly passed: boolean
  readonly detail: string
}

const carrier: Carrier = { queue: 'carrier-a', table: 'carrier_a' }
const patienceMs = 15_000

interface Answer {
  readonly status: number
  readonly id: string
  readonly code: string
  readonly replayed: boolean
}

const sms = { to: '010-1234-5678', from: '1588-1234', text: 'Hello from apigw' }
/** To a number of the sandbox that KakaoTalk does not reach. */
const alimtalk = {
  type: 'alimtalk',
  to: '010-1234-0007',
  profile: '@apigw',
  template: 'HELLO_1',
  text: '#{name}님, 안녕하세요 🎉',
  fallback: { from: '1588-1234', text: '#{name}님, 안녕하세요' },
  variables: { name: '홍길동' },
}

async function post(local: Local, key: IssuedKey, idempotencyKey: string, message: object = sms, base = ''): Promise<Answer> {
  const response = await fetch(`${local.gateway}${base}/v1.0/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from(key.basic).toString('base64')}`,
      'idempotency-key': idempotencyKey,
    },
    body: JSON.stringify(message),
  })
  const { id, code } = recordOf(await response.json())
  const replayed = response.headers.get('idempotency-replayed') === 'true'
  return { status: response.status, id: String(id), code: String(code), replayed }
}

/** The first report that the customer can read, waiting for it as its own software would. */
async function reportOf(local: Local, key: IssuedKey, base = ''): Promise<string> {
  const response = await fetch(`${local.gateway}${base}/v1.0/reports?wait=10`, {
    headers: { authorization: `Basic ${Buffer.from(key.basic).toString('base64')}` },
  })
  const { reports } = recordOf(await response.json())
  const [report]: unknown[] = Array.isArray(reports) ? reports : []
  if (report === undefined) return `no report (${response.status})`
  const { id, status, channel } = recordOf(report)
  return [id, status, channel].filter((one) => one !== undefined).join(' ')
}

async function eventually(happened: () => Promise<boolean> | boolean): Promise<boolean> {
  for (const until = Date.now() + patienceMs; Date.now() < until; await sleep(50)) if (await happened()) return true
  return false
}

/** Runs the main scenario once, from a new customer to a revoked key, and reports whether each step passed. */
export async function playScenario(local: Local, onStep: (step: Step) => void): Promise<Step[]> {
  const steps: Step[] = []
  const step = (what: string, passed: boolean, detail: string): void => {
    const one = { what, passed, detail }
    steps.push(one)
    onStep(one)
  }
  const customer = 'scenario'
  const { keys } = await addCustomer(local.context, {
    id: customer,
    quota: { day: 1 },
    queue: carrier.queue,
    senders: ['1588-1234'],
    keysFor: ['live', 'test'],
  })
  const [key, testKey] = keys
  if (key === undefined || testKey === undefined) throw new Error('two keys were asked for, and fewer came back')
  step('create a customer with a key, a route and a daily quota of 1', true, `${customer}, ${key.credential.keyId}`)

  const first = await post(local, key, 'first')
  step('a call is accepted', first.status === 202, `${first.status}, message ${first.id}`)
  const stored = await eventually(() => local.counters.stored === 1)
  step('its message is stored for the carrier', stored, `${local.counters.stored} row in ${carrier.table}`)
  const delivered = await eventually(() => local.counters.delivered === 1)
  step('the carrier delivers it', delivered, `${local.counters.delivered} delivered`)
  const report = await reportOf(local, key)
  step('the customer reads its report', report === `${first.id} delivered`, report)

  const second = await post(local, key, 'second')
  step(
    'the quota refuses the next call',
    second.status === 429 && second.code === 'day-quota-exceeded',
    `${second.status} ${second.code}`,
  )

  const replay = await post(local, key, 'first')
  const before = local.counters.stored
  await sleep(500)
  const same = replay.status === 202 && replay.replayed && replay.id === first.id
  const alone = local.counters.stored === before
  step(
    'a replay gets the first answer, and no second row',
    same && alone,
    `${replay.status}, message ${replay.id}, ${local.counters.stored} row`,
  )

  const wrong = await post(local, testKey, 'third')
  step(
    'a test key cannot reach a carrier',
    wrong.status === 403 && wrong.code === 'environment-mismatch',
    `${wrong.status} ${wrong.code}`,
  )

  const kakao = await post(local, testKey, 'kakao', alimtalk, '/test')
  const fellBack = await reportOf(local, testKey, '/test')
  step(
    'in the test environment an alimtalk that KakaoTalk does not deliver is sent as its fallback',
    kakao.status === 202 && fellBack === `${kakao.id} delivered sms`,
    fellBack,
  )

  await revokeKey(local.context, customer, key.credential.keyId)
  const revoked = await post(local, key, 'fourth')
  step('a revoked key is refused', revoked.status === 401 && revoked.code === 'key-revoked', `${revoked.status} ${revoked.code}`)
  return steps
}
