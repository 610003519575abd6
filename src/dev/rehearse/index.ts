export { Account } from './cloudformation/account.ts'
export { type Fault, type ServerOptions, serveAccount } from './cloudformation/server/server.ts'
export { Unresolvable } from './template/resource.ts'
