export { type Copied, type CopyProgress, copyRegistry, countRegistry } from './copy.ts'
export { type Thawed, thawRegistry } from './thaw.ts'
