/** The schemes a server has, by name (ProviderRegistry). */
import type { Settings } from '../config/settings.ts'
import type { AuthScheme } from './auth-scheme.ts'
import { createDigestScheme } from './digest-scheme.ts'
import { createEnsembleScheme } from './ensemble-scheme.ts'
import { ipScheme } from './ip-scheme.ts'
import { createSaslScheme } from './sasl-scheme.ts'

export type AuthSchemes = ReadonlyMap<string, AuthScheme>

/** Class names that operators write in `authProvider.N`, by their last part. */
const OPTIONAL_SCHEMES: Record<string, (settings: Settings) => AuthScheme> = {
  SASLAuthenticationProvider: (settings) => createSaslScheme(settings.letAnySaslUserDoX),
  EnsembleAuthenticationProvider: (settings) => createEnsembleScheme(settings.ensembleAuthName ?? new Set()),
}

export function createAuthSchemes(settings: Settings, warn: (message: string) => void): AuthSchemes {
  const schemes = new Map<string, AuthScheme>()
  const add = (scheme: AuthScheme): unknown => schemes.set(scheme.name, scheme)
  add(ipScheme)
  if (settings.digestAuthEnabled) add(createDigestScheme(settings.digestAlgorithm, settings.superDigest))
  for (const className of settings.authProviders) {
    const create = OPTIONAL_SCHEMES[className.slice(className.lastIndexOf('.') + 1)]
    if (create === undefined) warn(`Problems loading ${className}`)
    else add(create(settings))
  }
  return schemes
}
