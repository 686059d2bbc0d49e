/** Settings of authentication, access control and quotas. */
import { booleanProperty, commaList, derived, property, textProperty } from './key-table.ts'
import type { KeyTable } from './key-table.ts'

export interface AuthSettings {
  /** No ACL is checked; only the value `yes` turns it on. `skipACL` */
  readonly skipAcl: boolean
  /** A learner checks ACLs before it forwards a write. `enableEagerACLCheck` */
  readonly enableEagerAclCheck: boolean
  /** Hard quotas are enforced. `enforceQuota` */
  readonly enforceQuota: boolean
  /** `super:<base64 digest>`; who logs in with it may do everything. `DigestAuthenticationProvider.superDigest` */
  readonly superDigest: string | undefined
  /** The scheme `digest` exists. `DigestAuthenticationProvider.enabled` */
  readonly digestAuthEnabled: boolean
  /** Hash of digest ids, in Java's name. `DigestAuthenticationProvider.digestAlg` */
  readonly digestAlgorithm: string
  /** A SASL user of this name passes every ACL. `letAnySaslUserDoX` */
  readonly letAnySaslUserDoX: string | undefined
  /** Clients must have logged in by one of `enforceAuthSchemes`. `enforce.auth.enabled`, `sessionRequireClientSASLAuth` */
  readonly enforceAuthEnabled: boolean
  /** The schemes of which one is demanded. `enforce.auth.schemes` */
  readonly enforceAuthSchemes: readonly string[]
  /** Shorthand for enforcing the scheme sasl. `sessionRequireClientSASLAuth` */
  readonly sessionRequireClientSaslAuth: boolean
  /** A failed SASL login leaves a session without its id. `allowSaslFailedClients` */
  readonly allowSaslFailedClients: boolean
  /** Names the scheme `ensemble` takes for this ensemble; undefined = it checks nothing. `ensembleAuthName` */
  readonly ensembleAuthName: ReadonlySet<string> | undefined
  /** Class names of further schemes. `authProvider.<any>` */
  readonly authProviders: readonly string[]
  /** The admin HTTP server believes X-Forwarded-For. `IPAuthenticationProvider.usexforwardedfor` */
  readonly useXForwardedFor: boolean
  /** Ids of further SASL super users. `superUser`, `superUser.<any>` */
  readonly superUsers: readonly string[]
  /** Id of the x509 super user. `X509AuthenticationProvider.superUser` */
  readonly x509SuperUser: string | undefined
}

export const authDefaults: AuthSettings = {
  skipAcl: false,
  enableEagerAclCheck: false,
  enforceQuota: false,
  superDigest: undefined,
  digestAuthEnabled: true,
  digestAlgorithm: 'SHA1',
  letAnySaslUserDoX: undefined,
  enforceAuthEnabled: false,
  enforceAuthSchemes: [],
  sessionRequireClientSaslAuth: false,
  allowSaslFailedClients: false,
  ensembleAuthName: undefined,
  authProviders: [],
  useXForwardedFor: false,
  superUsers: [],
  x509SuperUser: undefined,
}

export const authKeys: KeyTable<AuthSettings> = {
  skipAcl: property('skipACL', (value) => value === 'yes'),
  enableEagerAclCheck: booleanProperty('enableEagerACLCheck'),
  enforceQuota: booleanProperty('enforceQuota'),
  superDigest: textProperty('DigestAuthenticationProvider.superDigest'),
  digestAuthEnabled: booleanProperty('DigestAuthenticationProvider.enabled'),
  digestAlgorithm: textProperty('DigestAuthenticationProvider.digestAlg'),
  letAnySaslUserDoX: textProperty('letAnySaslUserDoX'),
  enforceAuthEnabled: booleanProperty('enforce.auth.enabled'),
  enforceAuthSchemes: property('enforce.auth.schemes', commaList),
  sessionRequireClientSaslAuth: booleanProperty('sessionRequireClientSASLAuth'),
  allowSaslFailedClients: booleanProperty('allowSaslFailedClients'),
  ensembleAuthName: property('ensembleAuthName', (value) => new Set(commaList(value))),
  authProviders: derived,
  useXForwardedFor: booleanProperty('IPAuthenticationProvider.usexforwardedfor'),
  superUsers: derived,
  x509SuperUser: textProperty('X509AuthenticationProvider.superUser'),
}
