import * as z from 'zod'
import { environments } from './names.ts'
import { type Api, apis, type Route } from './route.ts'

/** The shared document that holds them. */
export const defaultRoutesDocument = 'default-routes'

const target = z.object({ queue: z.string(), weight: z.number(), order: z.number() })
const limits = z.object({ maxBytes: z.number(), maxWidth: z.number(), maxHeight: z.number() })
const routes = z.array(
  z.object({
    api: z.enum(apis),
    environment: z.enum(environments),
    targets: z.array(target).min(1),
    media: limits.exactOptional(),
  }),
)

/** Reads the document; absent: there are none. */
export function defaultRoutesFrom(text: string | undefined): Route[] {
  return text === undefined ? [] : routes.parse(JSON.parse(text))
}

/** The one route of a list that serves an API in an environment. */
export function servingRoute(all: readonly Route[], api: Api | string, environment: string): Route | undefined {
  return all.find((route) => route.api === api && route.environment === environment)
}
