import type { CustomerCode } from '../problems.ts'
import type { Language } from './guide.ts'

/** A code for the person who met it: why it happens, and what to do. `title`: what happened, where the table's is not enough. */
export interface Help {
  readonly why: string
  readonly todo: string
}

/** Korean needs a title too: those of the table are English. */
export interface TitledHelp extends Help {
  readonly title: string
}

export type HelpIn<Lang extends Language> = Readonly<Record<CustomerCode, Lang extends 'en' ? Help : TitledHelp>>
