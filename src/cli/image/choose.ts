/** Which image's variables a container was given. */
import { bitnamiPlan, bitnamiVariables } from './bitnami.ts'
import { confluentPlan } from './confluent.ts'
import { officialPlan, officialVariables } from './official.ts'
import { isServiceLink } from './plan.ts'
import type { Environment, ImagePlace, ImagePlan } from './plan.ts'

/** Each of the two others has a variable without which it does not start. Throws ImageRefused. */
export function planImage(env: Environment, place: ImagePlace): ImagePlan {
  if (isConfluent(env)) return confluentPlan(env, place)
  return isBitnami(env) ? bitnamiPlan(env, place) : officialPlan(env, place)
}

function isConfluent(env: Environment): boolean {
  const names = ['ZOOKEEPER_CLIENT_PORT', 'ZOOKEEPER_SECURE_CLIENT_PORT', 'ZOOKEEPER_SERVERS', 'ZOOKEEPER_SERVER_ID']
  return names.some((name) => env[name] !== undefined && !isServiceLink(name, env[name]))
}

function isBitnami(env: Environment): boolean {
  const own = bitnamiVariables.filter((name) => !officialVariables.has(name))
  if (own.some((name) => env[name] !== undefined || env[`${name}_FILE`] !== undefined)) return true
  const servers = env['ZOO_SERVERS']
  return servers !== undefined && servers !== '' && !servers.includes('=')
}
