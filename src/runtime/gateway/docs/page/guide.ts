export const languages = ['en', 'ko'] as const
export type Language = (typeof languages)[number]

/** A part of the page before the calls. `html` is our own text, with places in braces that the page fills. */
export interface Section {
  readonly id: string
  readonly title: string
  readonly html: string
}

/** Words of the page's own parts. */
export interface Words {
  readonly title: string
  readonly description: string
  readonly contents: string
  readonly skip: string
  readonly otherLanguage: string
  readonly calls: string
  readonly callsLead: string
  readonly groups: Readonly<Record<string, string>>
  readonly field: string
  readonly type: string
  readonly meaning: string
  readonly required: string
  readonly upTo: (most: string) => string
  readonly range: (least: string, most: string) => string
  readonly characters: string
  readonly answer: string
  readonly answerExample: string
  readonly ownErrors: string
  readonly otherErrors: string
  readonly again: string
  readonly yes: string
  readonly no: string
  readonly todo: string
  readonly errorGroups: { readonly signIn: string; readonly input: string; readonly limits: string; readonly service: string }
  readonly digits: string
  readonly outcome: string
  readonly copy: string
  readonly keyLabel: string
  readonly schemeLabel: string
  readonly check: string
  readonly send: string
  readonly tryIt: string
  readonly body: string
  readonly image: string
  /** Texts of the script. */
  readonly script: Readonly<
    Record<
      'copied' | 'parts' | 'liveKey' | 'good' | 'customer' | 'left' | 'wrongScheme' | 'noAnswer' | 'noKey' | 'insecure',
      string
    >
  >
}

export interface Guide {
  readonly language: Language
  readonly words: Words
  readonly sections: readonly Section[]
  /** What each outcome of a number of the test environment does. */
  readonly sandbox: Readonly<Record<string, string>>
  /** Summaries and descriptions of the OpenAPI document in this language. Absent: as they are. */
  readonly translated: (text: string) => string
}
