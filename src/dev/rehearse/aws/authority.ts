import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A key and a certificate, as files and as text. */
export interface Certificate {
  readonly keyFile: string
  readonly certFile: string
  readonly key: string
  readonly cert: string
}

/** The names of one certificate; more than one server of a kind may share it. */
function extensions(names: readonly string[]): string {
  const entries = names.map((name, at) => `DNS.${at + 1} = ${name}`)
  return ['[v3]', 'basicConstraints = CA:FALSE', 'subjectAltName = @names', '[names]', ...entries].join('\n')
}

/**
 * A certificate authority for one rehearsal, made by openssl. What runs in the rehearsal speaks TLS to the names that AWS
 * gives, and checks the certificate as it would there.
 */
export class Authority {
  readonly certFile: string
  readonly #keyFile: string
  readonly #openssl: string
  readonly #folder: string
  #issued = 0

  private constructor(openssl: string, folder: string, name: string) {
    this.#openssl = openssl
    this.#folder = folder
    this.certFile = join(folder, `${name}.pem`)
    this.#keyFile = join(folder, `${name}.key`)
  }

  /** @param openssl the path of the program */
  static async create(openssl: string, folder: string, name: string): Promise<Authority> {
    const authority = new Authority(openssl, folder, name)
    const subject = ['-subj', `/CN=${name} of a rehearsal`, '-days', '2', '-nodes']
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-keyout', authority.#keyFile]
    await run(openssl, ['req', '-x509', ...key, ...subject, '-out', authority.certFile])
    return authority
  }

  /** @param names such as `*.ap-northeast-2.amazonaws.com` */
  async issue(names: readonly string[]): Promise<Certificate> {
    this.#issued += 1
    const base = `${this.certFile}.${this.#issued}`
    const [keyFile, certFile, request, config] = [`${base}.key`, `${base}.crt`, `${base}.csr`, `${base}.cnf`]
    await writeFile(config, extensions(names))
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-keyout', keyFile]
    await run(this.#openssl, ['req', '-new', ...key, '-nodes', '-subj', '/CN=rehearsal', '-out', request], { cwd: this.#folder })
    const signer = ['-CA', this.certFile, '-CAkey', this.#keyFile, '-CAcreateserial', '-days', '2']
    await run(this.#openssl, [
      'x509',
      '-req',
      '-in',
      request,
      ...signer,
      '-extfile',
      config,
      '-extensions',
      'v3',
      '-out',
      certFile,
    ])
    const [keyText, cert] = await Promise.all([readFile(keyFile, 'utf8'), readFile(certFile, 'utf8')])
    return { keyFile, certFile, key: keyText, cert }
  }
}
