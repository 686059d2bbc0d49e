/**
 * Two versions: that of Apache ZooKeeper this server answers to, in the shape that monitoring tools cut apart, and that
 * of this package.
 */

export const ZOOKEEPER_VERSION = '3.9.6'
export const ZOOKEEPER_BUILD_TIME = '2026-09-03 19:29 UTC'

/** As Version.getFullVersion: what `srvr`, `mntr`, `envi` and the admin server show. */
export const FULL_VERSION = `${ZOOKEEPER_VERSION}-a355171b081b5b60749db8f19cca1528b0df936f, built on ${ZOOKEEPER_BUILD_TIME}`

/** The same as in package.json. */
export const PACKAGE_VERSION = '0.1.0'
