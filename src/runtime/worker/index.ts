export { type Consumer, consume, type WorkerEvent } from './consume.ts'
