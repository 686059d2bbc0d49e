// The logging of the Java applications: warnings and errors to stderr, where a failed test shows them.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Leads what is logged by way of slf4j to log4j. */
export const log4jBinding = 'org.slf4j:slf4j-reload4j:1.7.36'

/** Writes the configuration into the directory and gives the flag that leads a Java program to it. */
export async function log4jFlag(directory: string): Promise<string> {
  const file = join(directory, 'log4j.properties')
  await writeFile(file, log4jProperties)
  return `-Dlog4j.configuration=file:${file}`
}

const log4jProperties = `log4j.rootLogger=WARN, stderr
log4j.appender.stderr=org.apache.log4j.ConsoleAppender
log4j.appender.stderr.target=System.err
log4j.appender.stderr.layout=org.apache.log4j.PatternLayout
log4j.appender.stderr.layout.ConversionPattern=%d{ABSOLUTE} %p %m (%c)%n
`
