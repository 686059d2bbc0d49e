// `make run-ensemble`: servers of one ensemble on this machine, each in a directory of its own, until Ctrl-C.
//   SERVERS=5     so many (3)
//   PORT=12181    client port of the first, the others have the next ones (2181); 0 = any free ports
//   DIR=./data    keeps the data there; without it, it is in a temporary directory and goes at the end
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { printTable } from './lib/table.mjs'

const HOST = '127.0.0.1'
const LOOK_MS = 200
const ANSWER_MS = 1000

const main = resolve(process.argv[2] ?? fileURLToPath(new URL('../dist/cli/main.js', import.meta.url)))
const count = Number(process.env.SERVERS || 3)
const firstPort = Number(process.env.PORT || 2181)
const kept = process.env.DIR
const directory = kept === undefined ? mkdtempSync(join(tmpdir(), 'tskeeper-ensemble-')) : resolve(kept)

const servers = []
let isEnding = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => end(0))

try {
  await prepare()
  for (const server of servers) start(server)
  await watch()
} catch (error) {
  console.error(error.message)
  end(1)
}

async function prepare() {
  const ports = await Promise.all(Array.from({ length: 3 * count }, (_, index) => free(index < count && firstPort > 0 ? firstPort + index : 0)))
  for (const { release } of ports) await release()
  for (let id = 1; id <= count; id++) {
    const [port, quorumPort, electionPort] = [0, 1, 2].map((kind) => ports[kind * count + id - 1].port)
    servers.push({ id, port, home: join(directory, String(id)), line: `server.${id}=${HOST}:${quorumPort}:${electionPort}` })
  }
  for (const { id, port, home } of servers) {
    mkdirSync(join(home, 'data'), { recursive: true })
    writeFileSync(join(home, 'data', 'myid'), `${id}\n`)
    const lines = ['tickTime=2000', 'initLimit=10', 'syncLimit=5', `dataDir=${join(home, 'data')}`, `clientPort=${port}`, `clientPortAddress=${HOST}`]
    const words = '4lw.commands.whitelist=*'
    writeFileSync(join(home, 'zoo.cfg'), [...lines, words, ...servers.map(({ line }) => line), ''].join('\n'))
  }
}

/** The port, held until all have been found. */
function free(port) {
  return new Promise((found, failed) => {
    const holder = createServer()
    holder.once('error', (error) => failed(error.code === 'EADDRINUSE' ? new Error(`port ${port} is in use: set PORT to another, or to 0 for any`) : error))
    holder.listen(port, HOST, () => found({ port: holder.address().port, release: () => new Promise((released) => holder.close(released)) }))
  })
}

function start(server) {
  const log = openSync(join(server.home, 'log'), 'a')
  // A group of its own: Ctrl-C ends the servers through this script, in order.
  server.process = spawn(process.execPath, [main, 'start-foreground', join(server.home, 'zoo.cfg')], { stdio: ['ignore', log, log], detached: true })
  closeSync(log)
  server.process.once('exit', (code, signal) => {
    server.isGone = true
    if (isEnding) {
      if (servers.every(({ isGone, process: child }) => isGone || child === undefined)) leave()
    } else {
      console.log(`server ${server.id} has ended with ${signal ?? `code ${code}`}, see ${join(server.home, 'log')}`)
      if (servers.every(({ isGone }) => isGone)) end(1)
    }
  })
}

/** Says who leads, whenever that changes. */
async function watch() {
  let told
  let isFirst = true
  while (!isEnding) {
    for (const server of servers) server.mode = server.isGone ? 'gone' : /^Mode: (.*)$/m.exec(await ask(server.port, 'srvr'))?.[1]
    const leader = servers.find(({ mode }) => mode === 'leader')
    if (!isEnding && leader?.id !== told && servers.every(({ mode }) => mode !== undefined)) {
      if (isFirst) introduce()
      console.log(leader === undefined ? 'nobody leads' : `server ${leader.id} leads`)
      isFirst = false
      told = leader?.id
    }
    await new Promise((resume) => setTimeout(resume, LOOK_MS))
  }
}

function introduce() {
  printTable(
    ['server', 'client port', 'process', 'log'],
    servers.map(({ id, port, home, process: { pid } }) => [id, port, pid, join(home, 'log')].map(String)),
  )
  const [{ port, home }] = servers
  console.log(`
all of them           zkCli.sh -server ${servers.map((server) => `${HOST}:${server.port}`).join(',')}
what one of them is   node ${main} status ${join(home, 'zoo.cfg')}
                      echo mntr | nc ${HOST} ${port}
the end of one        kill -9 <process>
the end of all        Ctrl-C
`)
}

/** The answer to a four-letter word; nothing when there is none in time. */
function ask(port, word) {
  return new Promise((done) => {
    let answer = ''
    const socket = connect({ host: HOST, port })
    socket.setEncoding('utf8').setTimeout(ANSWER_MS, () => socket.destroy())
    socket.on('connect', () => socket.write(word))
    socket.on('data', (text) => (answer += text))
    socket.on('error', () => {})
    socket.on('close', () => done(answer))
  })
}

/** The second time at once. */
function end(exitCode) {
  process.exitCode ||= exitCode
  const running = servers.filter(({ process: child, isGone }) => child !== undefined && !isGone)
  for (const { process: child } of running) child.kill(isEnding ? 'SIGKILL' : 'SIGTERM')
  isEnding = true
  if (running.length === 0) leave()
}

function leave() {
  if (kept === undefined) rmSync(directory, { recursive: true, force: true })
  process.exit()
}
