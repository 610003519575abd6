import { nightEnds } from './advertising.ts'
import { masterKilled, slotMigrated } from './cluster.ts'
import {
  databaseHalfOpen,
  databaseKilled,
  databaseLocked,
  databaseSessionsEnded,
  databaseSilent,
  registryLocked,
} from './database.ts'
import { registryAnswersLost, registryConflicts, registryRefuses, registryThrottled } from './dynamodb.ts'
import type { Fault } from './fault.ts'
import { badRows, mixedEnvelopes, redelivery, replay, replayForgotten, unreadableMessages } from './messages.ts'
import { gatewayFrozen, gatewayKilled, pumpKilled, workerKilled } from './processes.ts'
import { registryEmptied, registryFrozen, registryKilled, registryReadonly } from './registry.ts'
import { ledgerRefuses, queueRefuses, queueSilent } from './services.ts'

/** Every fault, each by the name that `--faults` takes. */
export const faults: readonly Fault[] = [
  gatewayKilled,
  gatewayFrozen,
  workerKilled,
  pumpKilled,
  queueRefuses,
  queueSilent,
  ledgerRefuses,
  databaseKilled,
  databaseSilent,
  databaseHalfOpen,
  databaseSessionsEnded,
  databaseLocked,
  registryKilled,
  registryFrozen,
  registryReadonly,
  registryEmptied,
  registryLocked,
  registryThrottled,
  registryRefuses,
  registryAnswersLost,
  registryConflicts,
  masterKilled,
  slotMigrated,
  badRows,
  mixedEnvelopes,
  unreadableMessages,
  redelivery,
  replay,
  replayForgotten,
  nightEnds,
]
