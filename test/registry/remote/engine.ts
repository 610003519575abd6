import { type OperatorRegistry, openOperatorRegistry, openRegistry, type Registry } from '../../../src/registry/index.ts'
import { createAdmin } from '../../../src/runtime/admin/index.ts'
import { type Clock, type Engine, redisEngine } from '../fixtures.ts'
import { type LambdaServer, lambdaServer, user } from './lambda-server.ts'

const name = 'apigw-test-admin'
const operator = user('operator')

/** Operator calls go through the function; gateway calls go directly to Redis. */
function joined(remote: OperatorRegistry, direct: Registry): Registry {
  return {
    address: remote.address,
    now: () => remote.now(),
    usage: (...of) => remote.usage(...of),
    counts: (...of) => remote.counts(...of),
    open: (...of) => remote.open(...of),
    credential: (...of) => remote.credential(...of),
    profile: (id) => remote.profile(id),
    profiles: (after, most) => remote.profiles(after, most),
    customers: () => remote.customers(),
    history: (...of) => remote.history(...of),
    document: (one) => remote.document(one),
    change: (...of) => remote.change(...of),
    health: () => remote.health(),
    admit: (request) => direct.admit(request),
    settle: (...of) => direct.settle(...of),
    giveBack: (repayment) => direct.giveBack(repayment),
    fileCounts: (...of) => direct.fileCounts(...of),
    rollCounts: (...of) => direct.rollCounts(...of),
    reportsCounted: (...of) => direct.reportsCounted(...of),
    countReports: (...of) => direct.countReports(...of),
    save: (...of) => direct.save(...of),
    remove: (...of) => direct.remove(...of),
    saveDocument: (...of) => direct.saveDocument(...of),
    ready: () => direct.ready(),
    revive: () => direct.revive(),
    close: async () => {
      await remote.close()
      await direct.close()
    },
  }
}

/** Redis behind the real handler, behind a server that emulates Lambda. */
export function remoteEngine(redis: string): Engine {
  const inner = redisEngine(redis)
  const before = { ...process.env }
  let clock: Clock = { now: 0 }
  let server: LambdaServer | undefined

  async function serve(): Promise<LambdaServer> {
    const handler = createAdmin({
      open: () => openRegistry(redis, { now: () => clock.now }),
      now: () => clock.now,
      log: () => undefined,
    })
    const started = await lambdaServer({ name, handler, users: [operator] })
    Object.assign(process.env, started.env())
    return started
  }

  return {
    open: async (given) => {
      clock = given ?? clock
      server ??= await serve()
      return joined(await openOperatorRegistry(`lambda:${name}`), await inner.open(clock))
    },
    actor: () => ({ who: operator.arn, from: '203.0.113.9' }),
    dump: inner.dump,
    forget: inner.forget,
    close: async () => {
      process.env = before
      await server?.close()
      await inner.close()
    },
  }
}
