/** The class names operators write behind `authProvider.N`, and the schemes they stand for. */

const PACKAGE_NAME = 'org.apache.zookeeper.server.auth.'

const schemes: Readonly<Record<string, string>> = {
  [`${PACKAGE_NAME}DigestAuthenticationProvider`]: 'digest',
  [`${PACKAGE_NAME}EnsembleAuthenticationProvider`]: 'ensemble',
  [`${PACKAGE_NAME}IPAuthenticationProvider`]: 'ip',
  [`${PACKAGE_NAME}KeyAuthenticationProvider`]: 'key',
  [`${PACKAGE_NAME}SASLAuthenticationProvider`]: 'sasl',
  [`${PACKAGE_NAME}X509AuthenticationProvider`]: 'x509',
}

export const X509_PROVIDER_CLASS = `${PACKAGE_NAME}X509AuthenticationProvider`

/** The scheme of one of Apache's own providers; undefined for a class that only a JVM could load. */
export function schemeOfProvider(className: string): string | undefined {
  return Object.hasOwn(schemes, className) ? schemes[className] : undefined
}
