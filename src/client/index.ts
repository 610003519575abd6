export { sendMessage } from './send.ts'
export { parseCredentials, signInHeaders } from './sign-in.ts'
