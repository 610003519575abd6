export { demoCustomer, ensureDemo } from './demo.ts'
export { startEmulator } from './emulator.ts'
export { type Counters, type Local, startLocal } from './local.ts'
export { playScenario, type Step } from './scenario.ts'
