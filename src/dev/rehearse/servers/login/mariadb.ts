import { connect, type Socket } from 'node:net'
import type { Certificate } from '../../aws/authority.ts'
import { type Door, openDoor, Reader, secured } from './secured.ts'

// The protocol: https://mariadb.com/docs/server/reference/clientserver-protocol/1-connecting/connection

const sslRequestBytes = 32
const capability = { connectWithDatabase: 0x8, ssl: 0x800, attributes: 0x100000, lengthEncoded: 0x200000 } as const
const ok = 0x00
const failed = 0xff
const query = 0x03
const accessDenied = 1045
const insecure = 3159

interface Packet {
  readonly sequence: number
  readonly payload: Buffer
}

async function packetFrom(reader: Reader): Promise<Packet> {
  const head = await reader.bytes(4)
  return { sequence: head.readUInt8(3), payload: await reader.bytes(head.readUIntLE(0, 3)) }
}

function framed({ sequence, payload }: Packet): Buffer {
  const head = Buffer.alloc(4)
  head.writeUIntLE(payload.length, 0, 3)
  head.writeUInt8(sequence % 256, 3)
  return Buffer.concat([head, payload])
}

function errorPacket(sequence: number, code: number, message: string): Buffer {
  const head = Buffer.from([failed, code % 256, code >> 8])
  return framed({ sequence, payload: Buffer.concat([head, Buffer.from(`#28000${message}`)]) })
}

function textAt(payload: Buffer, from: number): { readonly text: string; readonly end: number } {
  const end = payload.indexOf(0, from)
  return { text: payload.toString('utf8', from, end), end: end + 1 }
}

const userAt = 32

/** A handshake response without TLS, as over a socket of this machine. */
function withoutTls(payload: Buffer): Buffer {
  const copy = Buffer.from(payload)
  copy.writeUInt32LE(copy.readUInt32LE(0) & ~capability.ssl, 0)
  return copy
}

/** The handshake response of a user without a password, for the same database. */
function withoutPassword(payload: Buffer): Buffer {
  const capabilities = payload.readUInt32LE(0)
  const { end } = textAt(payload, userAt)
  const length = payload.readUInt8(end)
  const database = (capabilities & capability.connectWithDatabase) === 0 ? '' : `${textAt(payload, end + 1 + length).text}\0`
  const head = Buffer.from(payload.subarray(0, end))
  head.writeUInt32LE((capabilities & ~(capability.ssl | capability.attributes)) >>> 0, 0)
  return Buffer.concat([head, Buffer.from([0]), Buffer.from(`${database}mysql_native_password\0`)])
}

const identified = /'(\w+)'@'%' IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'/

export interface MariaDbDoor {
  /** The socket of the server. */
  readonly path: string
  readonly certificate: Certificate
  /** @returns whether the user may log in with the token */
  admits(token: string, user: string): boolean
}

/**
 * A MariaDB like that of RDS, with `AWSAuthenticationPlugin`, in front of one that lacks the plugin. It ends TLS, asks users of the plugin for a
 * token in clear, and passes on everything else.
 * @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html
 */
export async function mariaDbDoor({ path, certificate, admits }: MariaDbDoor): Promise<Door> {
  const tokenUsers = new Set<string>()

  /** The statement that the server behind takes: its users of the plugin have no password, and only this door leads to it. */
  function rewritten(statement: Buffer): Buffer {
    const text = statement.toString('utf8')
    const [, plugin] = identified.exec(text) ?? []
    if (plugin !== undefined) {
      tokenUsers.add(plugin)
      return Buffer.from(text.replace("WITH AWSAuthenticationPlugin AS 'RDS'", "BY ''"))
    }
    const [, other] = /'(\w+)'@'%' IDENTIFIED BY/.exec(text) ?? []
    if (other !== undefined) tokenUsers.delete(other)
    return statement
  }

  async function passCommands(client: Reader, server: Socket): Promise<void> {
    for (;;) {
      const packet = await packetFrom(client)
      const isQuery = packet.sequence === 0 && packet.payload.at(0) === query
      server.write(framed(isQuery ? { ...packet, payload: rewritten(packet.payload) } : packet))
    }
  }

  /** Without its first packet, which asks for TLS, the client's count is one ahead of the server's. */
  async function passLogin(client: Reader, toClient: Socket, server: Reader, toServer: Socket, first: Buffer): Promise<void> {
    toServer.write(framed({ sequence: 1, payload: withoutTls(first) }))
    for (;;) {
      const answer = await packetFrom(server)
      toClient.write(framed({ ...answer, sequence: answer.sequence + 1 }))
      if (answer.payload.at(0) === ok || answer.payload.at(0) === failed) return
      const more = await packetFrom(client)
      toServer.write(framed({ ...more, sequence: more.sequence - 1 }))
    }
  }

  async function askForToken(client: Reader, toClient: Socket, server: Reader, toServer: Socket, first: Packet): Promise<void> {
    const user = textAt(first.payload, userAt).text
    const ask = Buffer.from('\xfemysql_clear_password\0', 'latin1')
    toClient.write(framed({ sequence: first.sequence + 1, payload: ask }))
    const { payload, sequence } = await packetFrom(client)
    if (!admits(textAt(payload, 0).text, user)) {
      toClient.end(errorPacket(sequence + 1, accessDenied, `Access denied for user '${user}' (using password: YES)`))
      throw new Error('the token was refused')
    }
    toServer.write(framed({ sequence: 1, payload: withoutPassword(first.payload) }))
    toClient.write(framed({ sequence: sequence + 1, payload: (await packetFrom(server)).payload }))
  }

  return openDoor(async (socket) => {
    const upstream = connect({ path })
    upstream.on('error', () => socket.destroy())
    socket.once('close', () => upstream.destroy())
    const server = new Reader(upstream)
    socket.write(framed(await packetFrom(server)))
    const plain = new Reader(socket)
    const request = await packetFrom(plain)
    if (request.payload.length !== sslRequestBytes) {
      socket.end(errorPacket(request.sequence + 1, insecure, 'Connections using insecure transport are prohibited'))
      return
    }
    const tls = secured(socket, plain, certificate)
    const client = new Reader(tls)
    const first = await packetFrom(client)
    const login = tokenUsers.has(textAt(first.payload, userAt).text)
    if (login) await askForToken(client, tls, server, upstream, first)
    else await passLogin(client, tls, server, upstream, first.payload)
    const rest = server.release()
    if (rest.length > 0) tls.write(rest)
    upstream.pipe(tls)
    upstream.once('close', () => tls.destroy())
    await passCommands(client, upstream)
  })
}
