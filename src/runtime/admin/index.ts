export { type AdminHandler, type AdminParts, createAdmin } from './admin.ts'
export type { Invocation } from './caller.ts'
