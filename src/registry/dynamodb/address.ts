/** The address of a registry in DynamoDB. */
export interface TableAddress {
  readonly table: string
  /** The URL of an emulator. Absent: AWS. */
  readonly endpoint?: string
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html */
const pattern = /^dynamodb:([A-Za-z0-9_.-]{3,255})(?:\?endpoint=(https?:\/\/[^\s@?#]+))?$/

/**
 * Reads `dynamodb:TABLE[?endpoint=URL]`.
 * @returns `undefined` if it is not such an address
 */
export function tableAddress(address: string): TableAddress | undefined {
  const [, table, endpoint] = pattern.exec(address) ?? []
  if (table === undefined) return undefined
  return endpoint === undefined ? { table } : { table, endpoint }
}
