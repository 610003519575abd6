export { type AdminHandler, createAdmin } from './admin.ts'
