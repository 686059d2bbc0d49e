/** Names of hashes: operators write Java's, Node.js has OpenSSL's. */

const names: ReadonlyMap<string, string> = new Map([
  ['MD5', 'md5'],
  ['SHA', 'sha1'],
  ['SHA1', 'sha1'],
  ['SHA-1', 'sha1'],
  ['SHA-224', 'sha224'],
  ['SHA-256', 'sha256'],
  ['SHA-384', 'sha384'],
  ['SHA-512', 'sha512'],
  ['SHA-512/224', 'sha512-224'],
  ['SHA-512/256', 'sha512-256'],
  ['SHA3-224', 'sha3-224'],
  ['SHA3-256', 'sha3-256'],
  ['SHA3-384', 'sha3-384'],
  ['SHA3-512', 'sha3-512'],
])

/** The name for `node:crypto` of a hash that Java's MessageDigest knows by the given name, in any case; undefined = none. */
export function nodeHashName(javaName: string): string | undefined {
  return names.get(javaName.toUpperCase())
}
