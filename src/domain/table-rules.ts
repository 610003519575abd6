import type { Carrier } from './carrier.ts'
import type { MappedTable } from './mapped-carrier.ts'
import type { MessageType } from './message.ts'
import type { TableMap } from './table-map.ts'

// Without the schemas: every function on AWS imports the ports, and most need no parser of YAML.

/** Whether apigw creates the table, and archives its rows. */
export function isManaged({ existing, mapped }: Carrier): boolean {
  return existing === undefined && mapped === undefined
}

/** What a row is sent as. @param type the table's value @returns `undefined`: its text decides, or the value is not listed */
export function rowTypeOf({ types, type: each }: Pick<TableMap, 'types' | 'type'>, type: string | undefined) {
  return (type === undefined ? undefined : types?.[type]) ?? each
}

/** The table's values for a type of message. */
export function valuesFor({ types = {} }: TableMap, type: MessageType): string[] {
  return Object.entries(types)
    .filter(([, one]) => one === type || (one === 'mms-or-lms' && (type === 'lms' || type === 'mms')))
    .map(([value]) => value)
}

/** The value that the table has for a type of message; `undefined`: it takes none of this type. */
export function typeValue({ map, write }: MappedTable, type: MessageType): string | number | undefined {
  return write.types?.[type] ?? valuesFor(map, type)[0]
}

/** The values of the state that a row never leaves. */
export function finishedStates({ status }: TableMap): (string | number)[] {
  const open = new Set([status.ready, status.claimed, status.accepted].map(String))
  const all = [status.delivered, status.failed, status.expired, status.unknown].flatMap((state) => state ?? [])
  return [...new Set(all)].filter((state) => !open.has(String(state)))
}
