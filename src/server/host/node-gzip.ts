/** gzip on zlib's part of the thread pool. */

import { Buffer } from 'node:buffer'
import { createGzip } from 'node:zlib'
import type { Compressor } from './host.ts'

type Done = (error: Error | undefined, compressed: Uint8Array) => void

const NOTHING = new Uint8Array(0)

/** Begins one gzip member. */
export function nodeGzip(): Compressor {
  const stream = createGzip()
  let ready: Uint8Array[] = []
  let done: Done | undefined
  const finish = (error: Error | undefined) => {
    const callback = done
    const compressed = error === undefined ? Buffer.concat(ready) : NOTHING
    done = undefined
    ready = []
    callback?.(error, compressed)
  }
  stream.on('data', (piece: Uint8Array) => ready.push(piece))
  stream.on('error', finish)
  stream.on('end', () => finish(undefined))
  return {
    compress(bytes: Uint8Array, last: boolean, whenDone: Done): void {
      done = whenDone
      if (last) stream.end(bytes)
      // An error comes as an event too.
      else stream.write(bytes, (error) => (error ? undefined : finish(undefined)))
    },
  }
}
