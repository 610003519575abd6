export { Account } from './cloudformation/account.ts'
export { type Fault, type ServerOptions, serveAccount } from './cloudformation/server/server.ts'
export { type Rehearsal, rehearse } from './rehearse.ts'
