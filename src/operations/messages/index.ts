export { cancelFor } from './cancel.ts'
