export {
  type BatchAnswer,
  type CancelAnswer,
  GatewayClient,
  type GatewayReport,
  type MessageResult,
} from './gateway-client.ts'
export type { CallRefusal, NoClearAnswer } from './incoming.ts'
export { environmentProxy, type Fetch, fetchWith } from './proxy-fetch.ts'
export { sendMessage } from './send.ts'
export { parseCredentials, signInHeaders } from './sign-in.ts'
