export {
  type BatchAnswer,
  GatewayClient,
  type GatewayConnection,
  type GatewayReport,
  type MessageResult,
} from './gateway-client.ts'
export type { CallRefusal } from './incoming.ts'
export { sendMessage } from './send.ts'
export { parseCredentials, signInHeaders } from './sign-in.ts'
