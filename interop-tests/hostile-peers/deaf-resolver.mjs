// Loaded into a server before its own code (node --import): a resolver that says at once that there is no `nobody.invalid`, and for `silent.invalid`
// never answers, which holds a thread of the pool as getaddrinfo does when its packets are swallowed. All other names are looked up.
import dns from 'node:dns'
import { open } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const { lookup } = dns

dns.lookup = (name, options, done) => {
  if (name === 'silent.invalid') open(process.env.TSK_NEVER, 'r', () => undefined)
  else if (name === 'nobody.invalid') setImmediate(done, Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }))
  else lookup(name, options, done)
}
syncBuiltinESMExports()
