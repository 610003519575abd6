import { openRedisRegistry, type Registry } from '../../registry/index.ts'
import { secretFrom } from '../ports/index.ts'
import { log, required } from '../process.ts'
import { type AdminHandler, createAdmin } from './admin.ts'
import type { UrlResponse } from './answer.ts'
import type { Invocation } from './caller.ts'

const { env } = process
let password: Promise<string | undefined> | undefined

/** The password is read once; where it does not open the registry it may have been changed, and is read again. */
async function openWithPassword(): Promise<Registry> {
  password ??= secretFrom(env, 'APIGW_REGISTRY_PASSWORD')
  try {
    return await openRedisRegistry(required('APIGW_REGISTRY'), { password: await password })
  } catch (error) {
    password = undefined
    throw error
  }
}

const admin: AdminHandler = createAdmin({
  open: openWithPassword,
  now: Date.now,
  log,
  trusting: env.APIGW_ADMIN_REQUEST_IDS === 'trusted',
})

/** What the Function URL calls. */
export async function handler(event: unknown, invocation: Invocation): Promise<UrlResponse> {
  return admin(event, invocation)
}
