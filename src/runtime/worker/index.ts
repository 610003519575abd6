export { consume } from './consume.ts'
export type { WorkerEvent } from './events.ts'
export { pumpOnce, pumpReports, ReportPump } from './reports.ts'
export { runSandbox } from './sandbox.ts'
