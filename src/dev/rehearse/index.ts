export { Unresolvable } from './template/resource.ts'
