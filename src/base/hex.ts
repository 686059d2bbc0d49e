/** Zxids and session ids in texts, file names and logs: as Long.toHexString, lower case without padding, negative ones as two's complement. */
export function hex(value: bigint): string {
  return BigInt.asUintN(64, value).toString(16)
}
