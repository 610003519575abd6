/** What cannot be done, by the reason. */
export type Failures = Readonly<Record<string, readonly string[]>>

export const knownCreations: Failures = {}
export const knownChanges: Readonly<Record<string, { readonly changed: Failures; readonly back: Failures }>> = {}
export const knownRoundTrips: Readonly<Record<string, Failures>> = {}
