// Rules for Dubbo's consumers and providers as dubbo-admin writes them: items of the dynamic configuration, by key, with the YAML that its
// objects are dumped to, the fields in alphabetical order.

/** An item of the dynamic configuration. */
export interface Rule {
  readonly key: string
  readonly body: string
}

/** Calls with a tag go to these addresses, and no others do. */
export function tagRoute(application: string, tag: string, addresses: readonly string[]): Rule {
  return {
    key: `${application}.tag-router`,
    body: `enabled: true
force: true
key: ${application}
priority: 0
runtime: true
tags:
- addresses:${list(addresses, 2)}
  name: ${tag}
`,
  }
}

/** What a rule is for: all that an application calls or offers, or one service. */
export interface Scope {
  readonly scope: 'application' | 'service'
  readonly key: string
}

/** Which calls may go where, as "method = greet => host = first.test". */
export function conditionRoute(scope: Scope, conditions: readonly string[], enabled = true): Rule {
  return {
    key: `${ruleKey(scope)}.condition-router`,
    body: `conditions:${list(conditions, 0)}
enabled: ${enabled}
force: true
key: ${scope.key}
priority: 0
runtime: true
scope: ${scope.scope}
`,
  }
}

export interface Override {
  readonly side: 'consumer' | 'provider'
  /** Of those to whom it applies; default all. */
  readonly addresses?: readonly string[]
  /** For consumers: of the providers to whom it applies; default all. */
  readonly providerAddresses?: readonly string[]
  readonly parameters: Readonly<Record<string, number | boolean | string>>
}

/** Parameters of the URLs that are other than what was registered. */
export function configurator(scope: Scope, override: Override): Rule {
  const { side, addresses = ['0.0.0.0'], providerAddresses, parameters } = override
  return {
    key: `${ruleKey(scope)}.configurators`,
    body: `configVersion: v2.7
configs:
- addresses:${list(addresses, 2)}
  enabled: true
  parameters:${Object.entries(parameters)
    .map(([name, value]) => `\n    ${name}: ${value}`)
    .join('')}${providerAddresses === undefined ? '' : `\n  providerAddresses:${list(providerAddresses, 2)}`}
  side: ${side}
enabled: true
key: ${scope.key}
scope: ${scope.scope}
`,
  }
}

/** A service goes by interface, version and group, of which ours has but the first. */
function ruleKey({ scope, key }: Scope): string {
  return scope === 'service' ? `${key}::` : key
}

/** Quoted only where YAML would take it for something else. */
function list(items: readonly string[], indent: number): string {
  return items.map((item) => `\n${' '.repeat(indent)}- ${item.startsWith('[') ? `'${item}'` : item}`).join('')
}
