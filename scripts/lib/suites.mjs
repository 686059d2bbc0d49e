// The test suites as data: what they are called, which files they take, how many seconds they may take, fetching their peers included.

export const unitSuite = { name: 'unit', project: 'unit', filter: 'test/', budgetSeconds: 360 }
/** Those that take seconds each, `*.long.test.ts`: not for between edits. */
export const longSuite = { name: 'unit, the long ones', project: 'long', filter: 'test/', budgetSeconds: 240 }

/** So many seeds of `make simulate`, whose unit tests have only a few. */
export const simulatedSuite = {
  name: 'simulated ensembles',
  command: ['node', ['scripts/simulate.mjs']],
  env: { ENSEMBLE: '1', SEEDS: '200', JOBS: '2' },
  budgetSeconds: 300,
}

/** In the order in which they run: the quick and telling ones first. */
export const interopSuites = [
  { name: 'package', filter: 'interop-tests/package/', budgetSeconds: 600 },
  { name: 'command', filter: 'interop-tests/command/', budgetSeconds: 180 },
  { name: 'image', filter: 'interop-tests/image/', budgetSeconds: 240 },
  { name: 'jute records', filter: 'interop-tests/jute/', budgetSeconds: 120 },
  { name: 'zkCli', filter: 'interop-tests/zkcli/', budgetSeconds: 180 },
  { name: 'Java client', filter: 'interop-tests/java/', budgetSeconds: 180 },
  { name: 'older Java clients', filter: 'interop-tests/old-java/', budgetSeconds: 300 },
  { name: 'kazoo', filter: 'interop-tests/kazoo/', budgetSeconds: 150 },
  { name: 'node-zookeeper-client', filter: 'interop-tests/node-client/', budgetSeconds: 120 },
  { name: 'examples', filter: 'interop-tests/examples/', budgetSeconds: 150 },
  { name: 'go-zookeeper', filter: 'interop-tests/go/', budgetSeconds: 150 },
  { name: 'C client', filter: 'interop-tests/c/', budgetSeconds: 150 },
  { name: 'elections', filter: 'interop-tests/election/', budgetSeconds: 120 },
  { name: 'mixed ensembles', filter: 'interop-tests/ensemble/', budgetSeconds: 720 },
  { name: 'histories', filter: 'interop-tests/histories/', budgetSeconds: 240 },
  { name: 'data directories', filter: 'interop-tests/storage/', budgetSeconds: 600 },
  { name: 'durability', filter: 'interop-tests/durability/', budgetSeconds: 300 },
  { name: 'stalled disk', filter: 'interop-tests/stalled-disk/', budgetSeconds: 240 },
  { name: 'hostile clients', filter: 'interop-tests/hostile/', budgetSeconds: 240 },
  { name: 'hostile peers', filter: 'interop-tests/hostile-peers/', budgetSeconds: 240 },
  { name: 'applications', filter: 'interop-tests/apps/', budgetSeconds: 540 },
  { name: 'oracle', filter: 'interop-tests/oracle/', budgetSeconds: 600 },
].map((suite) => ({ ...suite, project: 'interop' }))
