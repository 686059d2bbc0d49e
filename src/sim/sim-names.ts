/**
 * Names of files: those that a look at the directory shows, those that a loss of power is sure to leave, and the changes
 * between the two. Directories themselves are durable once made, as Disk.makeDirectory promises.
 */
import type { SeededRandom } from './seeded-random.ts'
import type { SimInode, Survival } from './sim-inode.ts'

type NameChange =
  | { readonly kind: 'made'; readonly path: string; readonly inode: SimInode }
  | { readonly kind: 'renamed'; readonly path: string; readonly from: string; readonly inode: SimInode }
  | { readonly kind: 'removed'; readonly path: string }

export class SimNames {
  readonly directories = new Set<string>(['/'])
  readonly #current = new Map<string, SimInode>()
  readonly #durable = new Map<string, SimInode>()
  #pending: NameChange[] = []

  get(path: string): SimInode | undefined {
    return this.#current.get(path)
  }

  /** Of all files. */
  paths(): Iterable<string> {
    return this.#current.keys()
  }

  /** Names in the directory, sorted. */
  list(directory: string): string[] {
    const names: string[] = []
    const prefix = directory === '/' ? '/' : `${directory}/`
    for (const paths of [this.#current.keys(), this.directories]) {
      for (const path of paths) {
        if (path.length > prefix.length && path.startsWith(prefix) && !path.includes('/', prefix.length)) names.push(path.slice(prefix.length))
      }
    }
    return names.sort()
  }

  makeDirectory(directory: string): void {
    for (let path = directory; path !== '/' && path !== ''; path = directoryOf(path)) this.directories.add(path)
  }

  add(path: string, inode: SimInode): void {
    this.#change({ kind: 'made', path, inode })
  }

  rename(from: string, path: string): void {
    this.#change({ kind: 'renamed', from, path, inode: this.#current.get(from)! })
  }

  remove(path: string): void {
    this.#change({ kind: 'removed', path })
  }

  /** Makes durable what was changed in the directory. */
  sync(directory: string): void {
    const here = this.#pending.filter(({ path }) => directoryOf(path) === directory)
    for (const change of here) apply(this.#durable, change)
    this.#pending = this.#pending.filter((change) => !here.includes(change))
  }

  /**
   * The files as a loss of power would leave them now. A file system with a journal keeps a beginning of the changes, one
   * without keeps any of them.
   */
  survivors(survival: Survival, random: SeededRandom): SimNames {
    const names = new Map(this.#durable)
    const isJournaled = random.chance(0.5)
    const share = random.between(0, 1)
    for (const change of this.#pending) {
      const survives = survival === 'everything' || (survival === 'some' && random.chance(share))
      if (survives) apply(names, change)
      else if (isJournaled) break
    }
    const left = new SimNames()
    for (const directory of this.directories) left.directories.add(directory)
    for (const [path, inode] of names) {
      const survivor = inode.survivor(survival, random)
      left.#current.set(path, survivor)
      left.#durable.set(path, survivor)
    }
    return left
  }

  #change(change: NameChange): void {
    apply(this.#current, change)
    this.#pending.push(change)
  }
}

function apply(names: Map<string, SimInode>, change: NameChange): void {
  switch (change.kind) {
    case 'made':
      names.set(change.path, change.inode)
      return
    case 'renamed':
      if (names.get(change.from) === change.inode) names.delete(change.from)
      names.set(change.path, change.inode)
      return
    case 'removed':
      names.delete(change.path)
      return
  }
}

export function directoryOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash <= 0 ? '/' : path.slice(0, slash)
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
