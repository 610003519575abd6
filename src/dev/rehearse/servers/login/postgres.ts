import { connect, type Socket } from 'node:net'
import type { Certificate } from '../../aws/authority.ts'
import { type Door, joined, openDoor, Reader, secured } from './secured.ts'

// The protocol: https://www.postgresql.org/docs/current/protocol-message-formats.html

const sslRequest = 80_877_103

async function startupFrom(reader: Reader): Promise<Buffer> {
  const head = await reader.bytes(4)
  return Buffer.concat([head, await reader.bytes(head.readUInt32BE(0) - 4)])
}

/** The parameter of a startup message: names and values, each with a zero at its end. */
function userIn(startup: Buffer): string {
  const parts = startup.toString('utf8', 8).split('\0')
  return parts[parts.indexOf('user') + 1] ?? ''
}

function message(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(type, 0, 'latin1')
  head.writeUInt32BE(content.length + 4, 1)
  return Buffer.concat([head, content])
}

function refusal(code: string, text: string): Buffer {
  return message('E', Buffer.from(`SFATAL\0C${code}\0M${text}\0\0`))
}

const cleartextPassword = Buffer.from([0, 0, 0, 3])

export interface PostgresDoor {
  readonly port: number
  readonly certificate: Certificate
  /** Whether the user is in `rds_iam`. */
  usesTokens(user: string): Promise<boolean>
  /** @returns whether the user may log in with the token */
  admits(token: string, user: string): boolean
}

/**
 * A PostgreSQL like that of RDS: it ends TLS, asks users in `rds_iam` for a token in clear, and passes on everything else. The server behind
 * trusts users in `rds_iam`, because only this door leads to it.
 * @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html
 */
export async function postgresDoor({ port, certificate, usesTokens, admits }: PostgresDoor): Promise<Door> {
  async function isAdmitted(client: Reader, toClient: Socket, user: string): Promise<boolean> {
    toClient.write(message('R', cleartextPassword))
    const head = await client.bytes(5)
    const token = (await client.bytes(head.readUInt32BE(1) - 4)).toString('utf8').replace(/\0$/, '')
    return admits(token, user)
  }

  return openDoor(async (socket) => {
    const plain = new Reader(socket)
    const request = await startupFrom(plain)
    if (request.readUInt32BE(4) !== sslRequest) {
      socket.end(refusal('28000', 'no pg_hba.conf entry for the connection, no encryption'))
      return
    }
    socket.write('S')
    const tls = secured(socket, plain, certificate)
    const client = new Reader(tls)
    const startup = await startupFrom(client)
    const user = userIn(startup)
    if ((await usesTokens(user)) && !(await isAdmitted(client, tls, user))) {
      tls.end(refusal('28000', `PAM authentication failed for user "${user}"`))
      return
    }
    const upstream = connect({ host: '127.0.0.1', port })
    upstream.on('error', () => tls.destroy())
    upstream.write(startup)
    const rest = client.release()
    if (rest.length > 0) upstream.write(rest)
    joined(tls, upstream)
  })
}
