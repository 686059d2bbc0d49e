/** Path arithmetic and the path rules of PathUtils.validatePath. */

export const ROOT_PATH = '/'
export const ZOOKEEPER_PATH = '/zookeeper'
export const QUOTA_PATH = '/zookeeper/quota'
export const CONFIG_PATH = '/zookeeper/config'

/** The four nodes that always exist; nobody may create or delete them. */
export function isSpecialPath(path: string): boolean {
  return path === ROOT_PATH || path === ZOOKEEPER_PATH || path === QUOTA_PATH || path === CONFIG_PATH
}

/** The text before the last slash: '' for a top-level path, whatever stands there for an odd one. */
export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

/** The text behind the last slash. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The first component, by which the per-namespace metrics are kept; undefined for the root. */
export function namespaceOf(path: string): string | undefined {
  if (path.length < 2 || path.charCodeAt(0) !== SLASH) return undefined
  const end = path.indexOf('/', 1)
  return end === -1 ? path.slice(1) : path.slice(1, end)
}

/** What is wrong with the path, or undefined when it is a valid node path (PathUtils.validatePath). */
export function pathFault(path: string | null): string | undefined {
  if (path === null) return 'Path cannot be null'
  if (path.length === 0) return 'Path length must be > 0'
  if (path.charCodeAt(0) !== SLASH) return 'Path must start with / character'
  if (path.length === 1) return undefined
  if (path.charCodeAt(path.length - 1) === SLASH) return 'Path must not end with / character'
  let componentStart = 1
  for (let i = 1; i <= path.length; i++) {
    const unit = i === path.length ? SLASH : path.charCodeAt(i)
    if (unit === SLASH) {
      const length = i - componentStart
      if (length === 0) return `empty node name specified @${i}`
      if (path.charCodeAt(componentStart) === DOT) {
        if (length === 1 || (length === 2 && path.charCodeAt(componentStart + 1) === DOT)) {
          return `relative paths not allowed @${i - 1}`
        }
      }
      componentStart = i + 1
    } else if (isForbidden(unit)) {
      return `invalid character @${i}`
    }
  }
  return undefined
}

const SLASH = 0x2f
const DOT = 0x2e

/** Control characters, all surrogates, the private-use area and the specials. */
function isForbidden(unit: number): boolean {
  if (unit > 0x1f && unit < 0x7f) return false
  return unit <= 0x9f || (unit >= 0xd800 && unit <= 0xf8ff) || unit >= 0xfff0
}
