/**
 * From the text of zoo.cfg and `-D` properties to settings, or to a refusal in the words and with the exit code of
 * Apache's QuorumPeerConfig. Nothing is opened here: other files are asked for by `readText`.
 */
import { isAbsolute, join } from 'node:path'
import { checkSettings } from './check-settings.ts'
import { ConfigRefused } from './config-refused.ts'
import { complaining, hintFor } from './hints.ts'
import { IllegalValue, parseInt32 } from './java-values.ts'
import { noticeForKey } from './ignored-keys.ts'
import type { PropertyRow, Remarks, Row } from './key-table.ts'
import { warnOfUnknownKeys } from './known-keys.ts'
import { isMembershipKey } from './membership.ts'
import { MalformedProperties, propertyLines } from './properties.ts'
import type { PropertyLine } from './properties.ts'
import { quorumSettings } from './load-membership.ts'
import { defaultSettings, settingKeys } from './settings.ts'
import type { Settings } from './settings.ts'

export interface ConfigSource {
  /** The file, one character per byte (ISO-8859-1). */
  readonly text: string
  /** As the operator wrote it. */
  readonly path: string
  /** From `-D` tokens, by full name. */
  readonly properties?: ReadonlyMap<string, string>
  /** myid and the dynamic file, one character per byte; undefined = there is no such file. */
  readonly readText?: (path: string) => string | undefined
  /** Where relative data directories start; without it they stay relative. */
  readonly workingDirectory?: string | undefined
}

export interface LoadedSettings {
  readonly settings: Settings
  /** Lines for the log: what was found, and which keys have no effect. */
  readonly notices: readonly string[]
  readonly warnings: readonly string[]
  /** Mistakes that Java logs as errors before it goes on. */
  readonly errors: readonly string[]
}

/** What a file says, sorted by who reads it. */
interface ConfigLines {
  readonly typed: ReadonlyMap<string, string>
  readonly properties: Map<string, string>
  readonly metricsProvider: ReadonlyMap<string, string>
  readonly membership: ReadonlyMap<string, string>
  /** Of the membership lines beside it. */
  readonly version: string | undefined
  /** Where somebody has set a property: its key with the file and line, or its name as a flag. */
  placeOf(property: string): string
}

/** Throws ConfigRefused. */
export function loadSettings(source: ConfigSource): LoadedSettings {
  const remarks: Remarks = { notices: [`Reading configuration from: ${source.path}`], warnings: [], errors: [] }
  warnOfRelativePath(source.path, remarks)
  let found: readonly PropertyLine[] = []
  try {
    found = propertyLines(source.text)
    const lines = sortLines(found, source, remarks)
    warnOfUnknownKeys(found, source.path, remarks)
    const fields = { ...readFields(lines, remarks), configText: source.text }
    const settings = complete(fields, lines, source, remarks)
    return { settings, ...remarks }
  } catch (error) {
    if (error instanceof ConfigRefused && error.complaint !== undefined) error.hint ??= hintFor(error.complaint, source.path, found)
    if (error instanceof IllegalValue) {
      const hint = error.complaint === undefined ? undefined : hintFor(error.complaint, source.path, found)
      throw new ConfigRefused('config', error.message, `Error processing ${source.path}`, hint)
    }
    if (error instanceof MalformedProperties) throw new ConfigRefused('config', error.message, `Error processing ${source.path}`)
    throw error
  }
}

/** Settings from the old command line `port dataDir [tickTime] [maxClientCnxns]`. Throws ConfigRefused. */
export function settingsFromArguments(args: readonly string[], properties: ReadonlyMap<string, string> = new Map(), workingDirectory?: string): LoadedSettings {
  const [port, dataDir, tickTime, maxClientCnxns] = args
  if (port === undefined || dataDir === undefined || args.length > 4) {
    throw new ConfigRefused('arguments', `Invalid number of arguments:[${args.join(', ')}]`)
  }
  const number = (name: string, text: string): number => complaining({ key: `the argument ${name}`, value: text, must: 'be a number' }, () => parseInt32(text))
  try {
    return settingsWithoutFile(
      {
        clientPort: number('port', port),
        dataDir,
        // As ServerConfig, where only the file's parser knows the limit of 60.
        maxClientCnxns: maxClientCnxns === undefined ? 0 : number('maxClientCnxns', maxClientCnxns),
        ...(tickTime === undefined ? {} : { tickTime: number('tickTime', tickTime) }),
      },
      properties,
      workingDirectory,
    )
  } catch (error) {
    if (error instanceof IllegalValue) {
      const hint = error.complaint === undefined ? undefined : hintFor(error.complaint, undefined, [])
      throw new ConfigRefused('arguments', error.message, undefined, hint)
    }
    throw error
  }
}

/** The given settings, completed from properties alone. Throws ConfigRefused. */
export function settingsWithoutFile(given: Partial<Settings>, properties: ReadonlyMap<string, string> = new Map(), workingDirectory?: string): LoadedSettings {
  const remarks: Remarks = { notices: [], warnings: [], errors: [] }
  const lines: ConfigLines = {
    typed: new Map(),
    properties: new Map(properties),
    metricsProvider: new Map(),
    membership: new Map(),
    version: undefined,
    placeOf: (name) => name,
  }
  const fields = { ...readFields(lines, remarks), ...given }
  const settings = complete(fields, lines, { text: '', path: '', workingDirectory }, remarks)
  return { settings, ...remarks }
}

function sortLines(found: readonly PropertyLine[], source: ConfigSource, remarks: Remarks): ConfigLines {
  const typed = new Map<string, string>()
  const properties = new Map(source.properties)
  const metricsProvider = new Map<string, string>()
  const membership = new Map<string, string>()
  let version: string | undefined
  const placeOf = new Map<string, string>()
  for (const { key: rawKey, value: rawValue, number } of found) {
    const [key, value] = [trim(rawKey), trim(rawValue)]
    if (typedKeys.has(key)) typed.set(key, value)
    else if (isMembershipKey(key)) membership.set(key, value)
    else if (key === 'version') version = rawValue
    else if (key.startsWith('metricsProvider.')) metricsProvider.set(key.slice('metricsProvider.'.length), value)
    else {
      properties.set(`zookeeper.${key}`, value)
      placeOf.set(`zookeeper.${key}`, `${source.path}:${number}: ${key}`)
    }
    if (key === 'jute.maxbuffer') honourJuteMaxBuffer(value, properties, remarks)
    const notice = noticeForKey(key)
    if (notice !== undefined) remarks.notices.push(notice)
  }
  const [misplaced] = membership.keys()
  if (typed.has('dynamicConfigFile') && misplaced !== undefined) {
    throw new ConfigRefused('config', `parameter: ${misplaced} must be in a separate dynamic config file`)
  }
  return { typed, properties, metricsProvider, membership, version, placeOf: (name) => placeOf.get(name) ?? `-D${name}` }
}

/** Java does not read it from the file, but nobody who writes it there wants it ignored. */
function honourJuteMaxBuffer(value: string, properties: Map<string, string>, remarks: Remarks): void {
  if (properties.has('jute.maxbuffer')) {
    remarks.notices.push('jute.maxbuffer of the configuration file gives way to -Djute.maxbuffer')
  } else {
    properties.set('jute.maxbuffer', value)
    remarks.notices.push('jute.maxbuffer is taken from the configuration file; Apache ZooKeeper takes it from -Djute.maxbuffer only')
  }
}

const rows = Object.entries(settingKeys) as [keyof Settings, Row<unknown>][]
const typedKeys = new Set(rows.flatMap(([, row]) => (row.kind === 'typed' ? [row.key] : [])))

function readFields(lines: ConfigLines, remarks: Remarks): Partial<Settings> {
  const fields: Partial<Record<keyof Settings, unknown>> = {}
  for (const [field, row] of rows) {
    const value = readRow(row, lines, remarks)
    if (value !== undefined) fields[field] = value
  }
  return fields as Partial<Settings>
}

function readRow(row: Row<unknown>, lines: ConfigLines, remarks: Remarks): unknown {
  switch (row.kind) {
    case 'derived':
      return undefined
    case 'property': {
      const name = row.names.find((each) => lines.properties.has(each))
      return name === undefined ? undefined : readProperty(row, lines.properties.get(name)!, lines.placeOf(name), remarks)
    }
    case 'typed': {
      const value = lines.typed.get(row.key)
      if (value !== undefined) return complaining({ key: row.key, value, must: row.must }, () => row.read(value, remarks))
      return row.instead === undefined ? undefined : readRow(row.instead, lines, remarks)
    }
  }
}

/** Java takes the default, or false, without a word. */
function readProperty(row: PropertyRow<unknown>, value: string, place: string, remarks: Remarks): unknown {
  const told = remarks.warnings.length + remarks.errors.length
  const key = place.slice(place.lastIndexOf(' ') + 1)
  const result = complaining({ key, value, must: row.must ?? 'be another' }, () => row.read(value, remarks))
  const isFit = row.fits === undefined ? result !== undefined : row.fits(value)
  if (isFit || row.must === undefined || remarks.warnings.length + remarks.errors.length > told) return result
  remarks.warnings.push(`${place} must ${row.must}, got '${value}'; ${result === undefined ? 'using the default' : `taken for ${String(result)}`}`)
  return result
}

/** Derived fields, then the checks in Java's order. */
function complete(fields: Partial<Settings>, lines: ConfigLines, source: ConfigSource, remarks: Remarks): Settings {
  const { properties } = lines
  const given = { ...fields, properties, metricsProviderConfiguration: lines.metricsProvider }
  if (given.dataDir !== undefined) warnOfRelativePath(given.dataDir, remarks)
  if (given.dataLogDir !== undefined) warnOfRelativePath(given.dataLogDir, remarks)
  const checked = checkSettings({ ...given, dataDir: absolute(given.dataDir, source), dataLogDir: absolute(given.dataLogDir, source) }, remarks)
  const members = quorumSettings(checked, lines, source.readText ?? (() => undefined), remarks)
  const settings = defaultSettings({ ...checked, ...members })
  remarks.notices.push(`autopurge.snapRetainCount set to ${settings.autopurgeSnapRetainCount}`)
  remarks.notices.push(`autopurge.purgeInterval set to ${settings.autopurgePurgeIntervalHours}`)
  if (settings.autopurgePurgeIntervalHours <= 0) remarks.notices.push('Purge task is not scheduled.')
  if (!settings.distributed) remarks.warnings.push('Either no config or no quorum defined in config, running in standalone mode')
  return settings
}

function warnOfRelativePath(path: string, remarks: Remarks): void {
  if (path === '' || isAbsolute(path) || path.startsWith('./')) return
  remarks.warnings.push(`${path} is relative. Prepend ./ to indicate that you're sure!`)
}

function absolute(path: string | undefined, source: ConfigSource): string {
  if (path === undefined || path === '') return ''
  const plain = path.replace(/\/+/g, '/').replace(/(.)\/$/, '$1')
  return source.workingDirectory === undefined || isAbsolute(plain) ? plain : join(source.workingDirectory, plain)
}

/** As String.trim: all characters up to the blank go. */
function trim(text: string): string {
  return text.replace(/^[\0- ]+|[\0- ]+$/g, '')
}
