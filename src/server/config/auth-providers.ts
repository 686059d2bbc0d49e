/** The class names operators write behind `authProvider.N`, and the schemes they stand for. */

const packageName = 'org.apache.zookeeper.server.auth.'

const schemes: Readonly<Record<string, string>> = {
  [`${packageName}DigestAuthenticationProvider`]: 'digest',
  [`${packageName}EnsembleAuthenticationProvider`]: 'ensemble',
  [`${packageName}IPAuthenticationProvider`]: 'ip',
  [`${packageName}KeyAuthenticationProvider`]: 'key',
  [`${packageName}SASLAuthenticationProvider`]: 'sasl',
  [`${packageName}X509AuthenticationProvider`]: 'x509',
}

export const x509ProviderClass = `${packageName}X509AuthenticationProvider`

/** The scheme of one of Apache's own providers; undefined for a class that only a JVM could load. */
export function schemeOfProvider(className: string): string | undefined {
  return Object.hasOwn(schemes, className) ? schemes[className] : undefined
}
