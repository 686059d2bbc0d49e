import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PACKAGE_VERSION } from '../../src/base/version.ts'
import type { CommandForm } from '../../src/cli/context.ts'
import { formOf } from '../../src/cli/process-context.ts'
import { runCommand } from '../../src/cli/run-command.ts'

let cwd: string
const servers: Server[] = []

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tskeeper-'))
})

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
  rmSync(cwd, { recursive: true })
})

async function run(args: string, env: NodeJS.ProcessEnv = {}, form: CommandForm = 'tskeeper'): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', '']
  const code = await runCommand(
    args.split(' ').filter((word) => word !== ''),
    {
      form,
      env,
      cwd,
      out: (text) => (out += text),
      err: (text) => (err += text),
      self: ['/bin/node', '/opt/main.js'],
    },
  )
  return { code, out, err }
}

function config(name: string, text: string): void {
  writeFileSync(join(cwd, name), text)
}

/** A server that answers every word with the text; resolves to its port. */
async function answering(text: string): Promise<number> {
  const server = createServer((socket) => socket.once('data', () => socket.end(text)))
  servers.push(server)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return (server.address() as AddressInfo).port
}

describe('what every command says first', () => {
  const byDefault = 'Using config: none: client port 2181, data in ./data\n'

  test('the configuration file, on standard error', async () => {
    expect((await run('version')).err).toBe(`${byDefault}TSKeeper ${PACKAGE_VERSION}\n`)
  })

  test('JMX under the name of the script, whose lines scripts read', async () => {
    const err = async (env: NodeJS.ProcessEnv = {}): Promise<string> => (await run('version', env, 'zkServer.sh')).err
    expect(await err()).toBe(`ZooKeeper JMX enabled by default\n${byDefault}TSKeeper ${PACKAGE_VERSION}\n`)
    expect(await err({ JMXDISABLE: 'true' })).toContain('JMX disabled by user request\n')
    expect(await err({ JMXDISABLE: 'false' })).toContain('ZooKeeper JMX enabled by default\n')
  })

  test.each([
    ['/usr/local/bin/tskeeper', {}, 'tskeeper'],
    ['/opt/zookeeper/bin/zkServer.sh', {}, 'zkServer.sh'],
    ['/opt/tskeeper/dist/cli/main.js', { TSKEEPER_FORM: 'zkServer.sh' }, 'zkServer.sh'],
    [undefined, {}, 'tskeeper'],
  ])('called as %s with %o: %s', (calledAs, env, form) => {
    expect(formOf(env, calledAs)).toBe(form)
  })

  test.each([
    ['version my.cfg', {}, './my.cfg'],
    ['version /etc/my.cfg', {}, '/etc/my.cfg'],
    ['version', { ZOOCFGDIR: '/etc/zk' }, '/etc/zk/zoo.cfg'],
    ['version', { ZOOCFGDIR: '/etc/zk', ZOOCFG: 'a.cfg' }, '/etc/zk/a.cfg'],
    ['version b.cfg', { ZOOCFGDIR: '/etc/zk', ZOOCFG: 'a.cfg' }, '/etc/zk/b.cfg'],
    ['--config /c version', { ZOOCFGDIR: '/etc/zk' }, '/c/zoo.cfg'],
    ['--config /c version x/b.cfg', {}, 'x/b.cfg'],
    ['version', { ZOOCFG: 'a.cfg' }, './conf/a.cfg'],
    ['version 2181 /data', {}, '2181 /data'],
  ])('%s %o', async (args, env, file) => {
    expect((await run(args, env)).err).toMatch(new RegExp(`Using config: (?:\\./)?${file.replace('./', '').replaceAll('.', '\\.')}\n`))
  })

  test('the working directory and its conf are looked into', async () => {
    mkdirSync(join(cwd, 'conf'))
    config('conf/zoo.cfg', '')
    config('conf/other.cfg', '')
    config('here.cfg', '')
    expect((await run('version')).err).toContain('Using config: ./conf/zoo.cfg\n')
    expect((await run('version other.cfg')).err).toContain('Using config: ./conf/other.cfg\n')
    expect((await run('version here.cfg')).err).toContain('Using config: here.cfg\n')
    expect((await run('version none.cfg')).err).toContain('Using config: none.cfg\n')
  })
})

describe('small commands', () => {
  test('version', async () => {
    expect(await run('version')).toMatchObject({ code: 0, out: 'Apache ZooKeeper, version 3.9.6 2026-09-03 19:29 UTC\n' })
  })

  test.each(['foo', 'foo bar', '--foo', 'start-foreground --sigterm-exit-code x'])('what nobody knows, %j: exit code 2', async (args) => {
    const { code, out, err } = await run(args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    if (args.startsWith('foo')) {
      expect(err).toContain('Usage: tskeeper [--config <conf-dir>] {start|start-foreground|stop|version|restart|status|print-cmd}\n')
    }
  })

  test('an unknown command under the name of the script: exit code 0, as there', async () => {
    const { code, err } = await run('foo', {}, 'zkServer.sh')
    expect(code).toBe(0)
    expect(err).toContain('Usage: zkServer.sh [--config <conf-dir>] {start|')
  })

  test('--version and --help are ours', async () => {
    expect(await run('--version')).toEqual({ code: 0, out: `${PACKAGE_VERSION}\n`, err: '' })
    expect((await run('--help')).out).toContain('start-foreground')
  })

  test('print-cmd shows what start runs', async () => {
    const output = `./logs/zookeeper-me-server-${hostname()}.out`
    const tail = `> "${output}" 2>&1 < /dev/null\n`
    expect((await run('print-cmd zoo.cfg', { USER: 'me' })).out).toBe(`"/bin/node" "/opt/main.js" "start-foreground" "./zoo.cfg" ${tail}`)
    expect((await run('print-cmd', { USER: 'me' })).out).toBe(`"/bin/node" "/opt/main.js" "start-foreground" ${tail}`)
    expect((await run('print-cmd 1 2', { ZOO_LOG_DIR: '/l' })).out).toContain(`"start-foreground" "1" "2" > "/l/zookeeper--server-`)
  })

  test('stop without a pid file', async () => {
    expect(await run('stop')).toMatchObject({
      code: 0,
      out: 'Stopping zookeeper ... no zookeeper to stop (could not find file ./data/zookeeper_server.pid)\n',
    })
    config('zoo.cfg', 'dataDir = /var/zk\n')
    expect((await run('stop zoo.cfg')).out).toContain('(could not find file /var/zk/zookeeper_server.pid)')
    expect((await run('stop zoo.cfg', { ZOOPIDFILE: '/run/zk.pid' })).out).toContain('(could not find file /run/zk.pid)')
    expect((await run('stop 2181 /legacy')).out).toContain('(could not find file /legacy/zookeeper_server.pid)')
  })

  test('stop leaves a process alone that has got the number of a server, and forgets it', async () => {
    config('zookeeper_server.pid', String(process.pid))
    config('zoo.cfg', 'dataDir=.\n')
    const { code, out } = await run('stop zoo.cfg')
    expect(code).toBe(0)
    // This process, which is still here to tell.
    expect(out).toContain(`Stopping zookeeper ... no zookeeper to stop (process ${process.pid} of file ./zookeeper_server.pid is another program by now: `)
    expect(existsSync(join(cwd, 'zookeeper_server.pid'))).toBe(false)
  })

  test('start and stop tell no stack of a directory that cannot be made', async () => {
    config('file', '')
    config('zoo.cfg', 'dataDir=.\n')
    const { code, out, err } = await run('start zoo.cfg', { ZOO_LOG_DIR: 'file/logs' })
    expect({ code, out }).toEqual({ code: 1, out: 'Starting zookeeper ... SERVER DID NOT START\n' })
    expect(err).toContain('ENOTDIR')
  })

  test('with ZOO_DATADIR_AUTOCREATE_DISABLE nothing is done while directories are missing', async () => {
    const env = { ZOO_DATADIR_AUTOCREATE_DISABLE: '1' }
    config('zoo.cfg', 'dataDir=d\ndataLogDir=l\nclientPort=1\n')
    expect(await run('start zoo.cfg', env)).toMatchObject({
      code: 1,
      out: 'ZooKeeper data directory is missing at d fix the path or run initialize\n',
    })
    mkdirSync(join(cwd, 'd/version-2'), { recursive: true })
    expect((await run('status zoo.cfg', env)).out).toBe('ZooKeeper txnlog directory is missing at l fix the path or run initialize\n')
    mkdirSync(join(cwd, 'l/version-2'), { recursive: true })
    expect((await run('version zoo.cfg', env)).code).toBe(0)
  })
})

describe('status', () => {
  const srvr = 'Zookeeper version: x\nLatency min/avg/max: 0/0.0/0\nMode: standalone\nNode count: 5\n'

  test('asks the port of the file', async () => {
    const port = await answering(srvr)
    config('zoo.cfg', `clientPort=${port}\nclientPortAddress=127.0.0.1\n`)
    expect(await run('status zoo.cfg')).toMatchObject({
      code: 0,
      out: `Client port found: ${port}. Client address: 127.0.0.1. Client SSL: false.\nMode: standalone\n`,
    })
    config('zoo.cfg', `clientPort=${port}\n`)
    expect((await run('status zoo.cfg')).out).toContain(`Client port found: ${port}. Client address: localhost. Client SSL: false.\nMode:`)
  })

  test('takes the port from the own server line or the dynamic file', async () => {
    const port = await answering(srvr.replace('standalone', 'leader'))
    config('myid', '2\n')
    config('zoo.cfg', `dataDir=.\nserver.1=a:1:2;1\nserver.2=b:1:2;127.0.0.1:${port}\n`)
    expect(await run('status zoo.cfg')).toMatchObject({
      code: 0,
      out: `Client port found: ${port}. Client address: 127.0.0.1. Client SSL: false.\nMode: leader\n`,
    })
    config('zoo.cfg', 'dataDir=.\ndynamicConfigFile=dyn\n')
    config('dyn', `server.2=b:1:2;${port}\n`)
    expect((await run('status zoo.cfg')).out).toBe(
      'Client port not found in static config file. Looking in dynamic config file.\n' +
        `Client port found: ${port}. Client address: localhost. Client SSL: false.\nMode: leader\n`,
    )
    config('dyn', `server.2=b:1:2;[::1]:${port}\n`)
    expect((await run('status zoo.cfg')).out).toContain(`Client port found: ${port}. Client address: ::1. Client SSL: false.`)
  })

  test('tells which steps led nowhere', async () => {
    config('zoo.cfg', 'dataDir=.\n')
    const terminating =
      'Client port not found. Looking for secureClientPort in the static config.\n' +
      'Unable to find either secure or unsecure client port in any configs. Terminating.\n'
    const noMyid = 'myid could not be determined, will not able to locate clientPort in the server configs.\n'
    expect(await run('status zoo.cfg')).toMatchObject({ code: 1, out: noMyid + terminating })
    expect((await run('status missing.cfg')).out).toBe(noMyid + terminating)
    config('myid', '1')
    expect((await run('status zoo.cfg')).out).toBe(
      'Client port not found in static config file. Looking in dynamic config file.\nClient port not found in the server configs\n' + terminating,
    )
  })

  test('a server that is not there, says nothing or is not serving', async () => {
    const last = 'Error contacting service. It is probably not running.\n'
    const port = await answering('This ZooKeeper instance is not currently serving requests\n')
    expect(await run(`status ${port} /d`)).toMatchObject({ code: 1 })
    expect((await run(`status ${port} /d`)).out).toContain('The server is listening, looking for a leader: it serves no clients.\n')
    expect((await run(`status ${port} /d`, {}, 'zkServer.sh')).out).toContain(last)
    const gone = servers.pop()!
    await new Promise((done) => gone.close(done))
    expect((await run(`status ${port} /d`)).out).toContain(last)
    config('zoo.cfg', 'secureClientPort=1\n')
    expect((await run('status zoo.cfg')).out).toMatch(/Client port found: 1\. Client address: localhost\. Client SSL: true\.\nNote: .*\nError contacting/)
  })
})
