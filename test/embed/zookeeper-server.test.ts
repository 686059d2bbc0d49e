// The server that programs embed: its life, its ports, its events.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigRefused, createNodeHost, DirectoryInUse, ZooKeeperServer } from '../../src/index.ts'
import type { ServerRole, Settings } from '../../src/index.ts'
import { answers } from '../support/answers.ts'
import { changedFiles } from '../support/changed-disk.ts'

let directory: string
const servers: ZooKeeperServer[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tskeeper-embed-'))
})

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
  rmSync(directory, { recursive: true })
})

function create(settings: Partial<Settings> = {}, options: ConstructorParameters<typeof ZooKeeperServer>[1] = {}): ZooKeeperServer {
  const server = new ZooKeeperServer({ dataDir: join(directory, 'data'), clientPort: 0, clientPortAddress: '127.0.0.1', ...settings }, options)
  servers.push(server)
  return server
}

function rolesOf(server: ZooKeeperServer): (ServerRole | undefined)[] {
  const roles: (ServerRole | undefined)[] = []
  server.on('role', (role) => roles.push(role))
  return roles
}

async function freePorts(count: number): Promise<number[]> {
  const holders = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(holders.map((holder) => once(holder, 'listening')))
  const ports = holders.map((holder) => (holder.address() as AddressInfo).port)
  await Promise.all(holders.map((holder) => once(holder.close(), 'close')))
  return ports
}

describe('a server on its own', () => {
  it('starts, serves, stops, and starts again on the same port', async () => {
    const server = create()
    const roles = rolesOf(server)
    expect([server.isRunning, server.role, server.ports.client]).toEqual([false, undefined, 0])
    await server.start()
    const port = server.ports.client!
    expect(server.ports).toEqual({ client: port, quorum: undefined, election: undefined })
    expect(server.connectString).toBe(`127.0.0.1:${port}`)
    expect(await answers(port)).toBe(true)
    expect([server.isRunning, server.role]).toEqual([true, 'standalone'])
    await expect(server.start()).rejects.toThrow('running')
    await server.stop()
    await server.stop()
    expect([server.isRunning, server.role]).toEqual([false, undefined])
    expect(await answers(port)).toBe(false)
    await expect(server.expireSession(1n)).rejects.toThrow('stopped')
    await server.start()
    expect(server.ports.client).toBe(port)
    expect(roles).toEqual(['standalone', undefined, 'standalone'])
  })

  it('can be stopped while it starts', async () => {
    const server = create()
    const started = server.start()
    await server.stop()
    await started
    expect(server.isRunning).toBe(false)
    await server.start()
  })

  it('says why it does not start, and may try again', async () => {
    const [first, second] = [create(), create()]
    await first.start()
    await expect(second.start()).rejects.toBeInstanceOf(DirectoryInUse)
    expect(second.isRunning).toBe(false)
    await first.stop()
    await second.start()
    const third = create({ dataDir: join(directory, 'third'), clientPort: second.ports.client })
    await expect(third.start()).rejects.toThrow('EADDRINUSE')
  })

  it('has no clients without a port', async () => {
    const server = create({ clientPort: undefined })
    await server.start()
    expect([server.role, server.ports.client]).toEqual(['standalone', undefined])
  })

  it.each([
    [undefined, '127.0.0.1:2181'],
    ['0.0.0.0', '127.0.0.1:2181'],
    ['::1', '[::1]:2181'],
    ['zk.example', 'zk.example:2181'],
  ])('listening on %s is found at %s', (clientPortAddress, connectString) => {
    expect(create({ clientPort: 2181, clientPortAddress }).connectString).toBe(connectString)
  })

  it('refuses what the command refuses', () => {
    expect(() => create({ sslQuorum: true })).toThrow(ConfigRefused)
    expect(() => create({ distributed: true })).toThrow('serverId is not set')
  })

  it('tells when its disk fails, and serves nobody any more', async () => {
    const node = createNodeHost({ log: pino({ level: 'silent' }) })
    let isBroken = false
    const disk = changedFiles(node.disk, (file) => ({
      writeAndSync: (position, bytes, done) => (isBroken ? void setImmediate(done, new Error('no space left')) : file.writeAndSync(position, bytes, done)),
    }))
    const server = create({ tickTime: 50 }, { host: { ...node, disk } })
    await server.start()
    const roles = rolesOf(server)
    const failed = once(server, 'error')
    isBroken = true
    // A session that opens is a write.
    const { default: zookeeper } = await import('node-zookeeper-client')
    const client = zookeeper.createClient(server.connectString)
    client.connect()
    const [error, exitCode] = (await failed) as [Error, number]
    client.close()
    expect([error.message, exitCode]).toEqual(['no space left', 1])
    expect([server.role, roles]).toEqual([undefined, [undefined]])
    await server.stop()
  })
})

describe('members of an ensemble', () => {
  it('tell their roles', async () => {
    const ports = await freePorts(4)
    const lines = [1, 2].map((sid) => ({
      sid,
      addresses: [{ host: '127.0.0.1', quorumPort: ports[sid], electionPort: ports[(sid + 2) % 4] }],
      learnerType: 'participant' as const,
      clientAddress: undefined,
    }))
    const members = [1, 2].map((serverId) =>
      create({ dataDir: join(directory, String(serverId)), distributed: true, serverId, servers: lines, tickTime: 200, initLimit: 10, syncLimit: 5 }),
    )
    const roles = members.map(rolesOf)
    const both = members.map((member) => new Promise<void>((resolve) => member.on('role', (role) => role !== undefined && resolve())))
    await Promise.all(members.map((member) => member.start()))
    await Promise.all(both)
    expect(members.map(({ role }) => role)).toEqual(['follower', 'leader'])
    expect(members[1].ports).toEqual({ client: members[1].ports.client, quorum: ports[2], election: ports[0] })
    const alone = once(members[0], 'role')
    await members[1].stop()
    expect(await alone).toEqual([undefined])
    expect(roles).toEqual([
      ['follower', undefined],
      ['leader', undefined],
    ])
  })
})
