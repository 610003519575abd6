import { randomInt } from 'node:crypto'
import { isMap, type JsonMap } from '../../../operations/cloudformation/index.ts'
import type { Resource } from '../template/resource.ts'

const lowercase = 'abcdefghijklmnopqrstuvwxyz'
const digits = '0123456789'
const punctuation = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'

/** A random text as Secrets Manager makes it (API reference, GetRandomPassword). */
export function generatedSecret(rules: JsonMap): string {
  const excluded = String(rules.ExcludeCharacters ?? '')
  const sets = [
    rules.ExcludeLowercase === true ? '' : lowercase,
    rules.ExcludeUppercase === true ? '' : lowercase.toUpperCase(),
    rules.ExcludeNumbers === true ? '' : digits,
    rules.ExcludePunctuation === true ? '' : punctuation,
  ]
  const alphabet = [...sets.join('')].filter((one) => !excluded.includes(one))
  return Array.from({ length: Number(rules.PasswordLength ?? 32) }, () => alphabet[randomInt(alphabet.length)]).join('')
}

/** The secrets of a stage: what the templates generate, and what RDS makes for the master user. */
export class Secrets {
  readonly #texts = new Map<string, string>()

  constructor(all: readonly Resource[]) {
    for (const { type, physicalId, properties, attribute } of all) {
      if (type === 'AWS::SecretsManager::Secret') {
        const { GenerateSecretString: rules, SecretString: text } = properties
        this.#texts.set(physicalId, text === undefined ? generatedSecret(isMap(rules) ? rules : {}) : String(text))
      }
      if (type === 'AWS::RDS::DBInstance' && String(properties.ManageMasterUserPassword) === 'true') {
        const password = generatedSecret({ PasswordLength: 28, ExcludePunctuation: true })
        const secret = JSON.stringify({ username: properties.MasterUsername, password })
        this.#texts.set(String(attribute('MasterUserSecret.SecretArn')), secret)
      }
    }
  }

  /** @param id an ARN, or a name without the six characters that Secrets Manager adds */
  text(id: string): string | undefined {
    const exact = this.#texts.get(id)
    if (exact !== undefined) return exact
    return [...this.#texts].find(([arn]) => arn.replace(/-[^-]{6}$/, '').endsWith(`:secret:${id}`))?.[1]
  }

  put(arn: string, text: string): void {
    this.#texts.set(arn, text)
  }
}

/** A dynamic reference in a property (`{{resolve:secretsmanager:ARN}}`) with the text of the secret. */
export function withSecrets(value: string, secrets: Secrets): string {
  return value.replaceAll(/\{\{resolve:secretsmanager:(arn:[^}]+?)\}\}/g, (whole, id: string) => secrets.text(id) ?? whole)
}
