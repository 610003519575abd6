export { consume, type WorkerEvent } from './consume.ts'
