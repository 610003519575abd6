/** What cannot be done, by the reason. */
export type Failures = Readonly<Record<string, readonly string[]>>

export const knownCreations: Failures = {}
export const knownChanges: Readonly<Record<string, Failures>> = {}
export const knownReturns: Readonly<Record<string, Failures>> = {}
export const knownRoundTrips: Readonly<Record<string, Failures>> = {}
