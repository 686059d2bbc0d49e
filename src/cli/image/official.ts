/** The variables of the official image `zookeeper`, as its docker-entrypoint.sh takes them. */
import { unknownVariables, words } from './plan.ts'
import type { Environment, ImagePlace, ImagePlan } from './plan.ts'

const settings: readonly [variable: string, byDefault: string, key: string][] = [
  ['ZOO_TICK_TIME', '2000', 'tickTime'],
  ['ZOO_INIT_LIMIT', '5', 'initLimit'],
  ['ZOO_SYNC_LIMIT', '2', 'syncLimit'],
  ['ZOO_AUTOPURGE_SNAPRETAINCOUNT', '3', 'autopurge.snapRetainCount'],
  ['ZOO_AUTOPURGE_PURGEINTERVAL', '0', 'autopurge.purgeInterval'],
  ['ZOO_MAX_CLIENT_CNXNS', '60', 'maxClientCnxns'],
  ['ZOO_STANDALONE_ENABLED', 'true', 'standaloneEnabled'],
  ['ZOO_ADMINSERVER_ENABLED', 'true', 'admin.enableServer'],
]

const others = 'ZOO_SERVERS ZOO_MY_ID ZOO_4LW_COMMANDS_WHITELIST ZOO_CFG_EXTRA ZOO_CONF_DIR ZOO_DATA_DIR ZOO_DATA_LOG_DIR ZOO_LOG_DIR'.split(' ')

/** Read by the server itself, in every image. */
export const serverVariables: readonly string[] = ['ZOO_LOG_LEVEL', 'ZOO_DATADIR_AUTOCREATE_DISABLE', 'JVMFLAGS', 'SERVER_JVMFLAGS']

export const officialVariables: ReadonlySet<string> = new Set([...settings.map(([variable]) => variable), ...others, ...serverVariables])

export function officialPlan(env: Environment, { root }: ImagePlace): ImagePlan {
  const directory = (variable: string, byDefault: string): string => env[variable] ?? `${root}${byDefault}`
  const [confDir, dataDir] = [directory('ZOO_CONF_DIR', '/conf'), directory('ZOO_DATA_DIR', '/data')]
  const [dataLogDir, logDir] = [directory('ZOO_DATA_LOG_DIR', '/datalog'), directory('ZOO_LOG_DIR', '/logs')]
  const whitelist = env['ZOO_4LW_COMMANDS_WHITELIST']
  return {
    image: 'the official image',
    configFile: `${confDir}/zoo.cfg`,
    config: [
      `dataDir=${dataDir}`,
      `dataLogDir=${dataLogDir}`,
      ...settings.map(([variable, byDefault, key]) => `${key}=${env[variable] ?? byDefault}`),
      ...words(env['ZOO_SERVERS'] || 'server.1=localhost:2888:3888;2181'),
      ...(whitelist ? [`4lw.commands.whitelist=${whitelist}`] : []),
      ...words(env['ZOO_CFG_EXTRA'] ?? ''),
    ],
    replacesConfig: false,
    dataDir,
    myid: env['ZOO_MY_ID'] || '1',
    writesMyid: 'when there is none',
    directories: [dataDir, dataLogDir, logDir],
    user: { uid: 1000, gid: 1000 },
    serverEnv: { ZOOCFGDIR: env['ZOOCFGDIR'] ?? confDir, ZOO_LOG_DIR: logDir },
    remarks: unknownVariables(env, /^ZOO_/, (name) => officialVariables.has(name), 'the official image'),
  }
}
