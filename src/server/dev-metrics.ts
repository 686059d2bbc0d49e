const sink = { add(..._: unknown[]): void {} }
export const ServerMetrics = class { constructor(..._: unknown[]) { return new Proxy(this, { get: () => sink }) } } as unknown as new (...a: unknown[]) => Record<string, typeof sink>
export type ServerMetrics = InstanceType<typeof ServerMetrics>
