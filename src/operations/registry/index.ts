export { checkCopy, copyRegistry, countRegistry } from './copy.ts'
export { thawRegistry } from './thaw.ts'
