// What is typed into zkCli, and some of what must come back.
import type { TestedServerOptions } from '../peers/server-under-test.ts'

export interface Script {
  readonly name: string
  readonly steps: readonly string[]
  /** Texts that must be found in the output, so that a comparison of two empty outputs is no success. */
  readonly shows: readonly string[]
  readonly server?: TestedServerOptions
  readonly options?: readonly string[]
}

const twoLimits = ['setquota -n 5 /q', 'setquota -b 100 /q', 'setquota -N 7 /q', 'setquota -B 200 /q']

export const scripts: readonly Script[] = [
  {
    name: 'the fresh tree',
    steps: [
      'ls /', 'ls -s /', 'ls -R /', 'stat /', 'stat /zookeeper', 'get -s /zookeeper/config', 'get /zookeeper/quota',
      'getAcl -s /zookeeper/config', 'getAllChildrenNumber /', 'config', 'config -c', 'config -s', 'version', 'whoami', 'quit',
    ],
    shows: ['[zookeeper]', 'cversion = -1', "'world,'anyone", 'ZooKeeper CLI version: 3.9.6', 'ip: 127.0.0.1'],
  },
  {
    name: 'nodes',
    steps: [
      'create /a x', 'create /a x', 'create /a/b', 'create -s /a/s- one', 'create -e /a/e two', 'create -s -e /a/se- three',
      'create -c /a/c four', 'create -t 5000 /a/t five', 'create -s -t 5000 /a/ts six', 'create /none/x y', 'create /a/e/child', 'create',
      'create nonsense', 'create /a//b', 'create /x/', 'create "/with blank" "some text"', 'get "/with blank"',
      'get /a', 'get -s /a', 'get -b /a', 'get -x /a', 'get /none', 'get', 'get -s /a/e', 'get /a/b',
      'set /a y', 'set -s /a z', 'set -v 2 /a w', 'set -v 2 /a v', 'set /none x', 'set /a', 'set -b /a eHl6', 'get /a',
      'stat /a', 'stat -w /a', 'stat /none', 'ls /a', 'ls -s /a', 'ls -R /a', 'ls /none', 'ls',
      'getEphemerals', 'getEphemerals /a', 'getEphemerals /none', 'getAllChildrenNumber /a', 'getAllChildrenNumber /none', 'sync /a',
      'sync /none',
      'delete /a', 'delete -v 9 /a/b', 'delete -v 0 /a/b', 'delete /a/b', 'delete /zookeeper', 'delete', 'deleteall /a',
      'deleteall /none -b 2', 'ls /', 'deleteall /zookeeper/quota', 'create /a', 'ls -s /a', 'quit',
    ],
    shows: [
      'Created /a/s-0000000001', 'Node already exists: /a', 'Node not empty: /a', 'version No is not valid : /a',
      'Node does not exist: /none', 'Sync is OK', '[with blank, zookeeper]',
    ],
    server: { config: { extendedTypesEnabled: 'true' } },
  },
  {
    name: 'deletion in batches',
    steps: [
      'create /d', ...Array.from({ length: 12 }, (_, i) => `create /d/${i}`), ...Array.from({ length: 5 }, (_, i) => `create /d/3/${i} x`),
      'getAllChildrenNumber /d', 'deleteall /d -b 4', 'stat /', 'create -t 1000 /t x', 'quit',
    ],
    shows: ['KeeperErrorCode = Unimplemented', 'numChildren = 1'],
  },
  {
    name: 'watches',
    steps: [
      'create /w', 'get -w /w', 'set /w 1', '# type:NodeDataChanged path:/w', 'ls -w /w', 'create /w/a',
      '# type:NodeChildrenChanged path:/w', 'stat -w /none', 'create /none', '# type:NodeCreated path:/none', 'stat -w /w/a', 'delete /w/a',
      '# type:NodeDeleted path:/w/a',
      'addWatch /none', 'addWatch -m PERSISTENT /w', 'addWatch -m NONSENSE /w', 'set /w 2', 'create /w/b', 'create /none/x',
      'set /none/x 1', 'delete /none/x', '# type:NodeDeleted path:/none/x',
      'removewatches /w', 'removewatches /w', 'removewatches /none -d', 'removewatches /none -c', 'removewatches /none -a -l',
      'removewatches /none', 'set /w 3', 'set /none 3', 'config -w',
      'printwatches', 'printwatches off', 'get -w /w', 'set /w 4', 'printwatches', 'printwatches on', 'get -w /w', 'set /w 5',
      '# type:NodeDataChanged path:/w zxid: 15', 'quit',
    ],
    shows: [
      'type:NodeCreated path:/none zxid: 5', 'type:NodeChildrenChanged path:/w zxid:', 'KeeperErrorCode = No such watcher for /w',
      'printwatches is off',
    ],
  },
  {
    name: 'permissions',
    steps: [
      'create /p x world:anyone:r', 'set /p y', 'create /p/kid', 'setAcl /p world:anyone:cdrwa', 'getAcl /p', 'getAcl -s /p',
      'addauth digest user:secret', 'whoami', 'create /o x auth::cdrwa', 'getAcl /o', 'create /i x ip:127.0.0.1:cdrwa', 'getAcl /i',
      'setAcl /i ip:10.0.0.0/8:rw', 'get /i', 'set /i y', 'setAcl /i world:anyone:r',
      'create /m x digest:user:u5Me3dnR7bTgnV2yKnr3rZeDYZo=:r,world:anyone:rw', 'getAcl /m', 'setAcl /m world:someone:r',
      'setAcl /m digest:u:r', 'setAcl /m nosuch:x:r', 'setAcl /m nonsense', 'setAcl /m world:anyone:rz', 'getAcl /m',
      'setAcl -v 0 /p world:anyone:r', 'setAcl -s -v 1 /p world:anyone:ra', 'create /r', 'create /r/a', 'create /r/a/b',
      'setAcl -R /r world:anyone:ra', 'getAcl /r/a/b', 'getAcl /none', 'setAcl /none world:anyone:r', 'getAcl', 'setAcl /p', 'close',
      'connect 127.0.0.1:{port}', 'get /o', 'getAcl /o', 'delete /o', 'quit',
    ],
    shows: [
      'Insufficient permission : /p', 'digest: user', "'digest,'user:", 'Acl is not valid', 'Unknown perm type: z',
      'Insufficient permission : /o',
    ],
  },
  {
    name: 'quotas',
    steps: [
      'create /q x', 'create /q/a yy', 'listquota /q', 'delquota /q', ...twoLimits, 'listquota /q',
      'get /zookeeper/quota/q/zookeeper_limits', 'get -s /zookeeper/quota/q/zookeeper_stats', 'create /q/b zzz', 'set /q/b 1234567890',
      'listquota /q', 'setquota -n 3 /q/a', 'setquota -n 3 /', 'setquota -n 3 /none', 'setquota -n x /q', 'setquota /q',
      'create /q/c', 'create /q/d', 'create /q/e', 'create /q/f', 'create /q/g', 'create /q/h', 'set /q/b ' + 'x'.repeat(300),
      'listquota /q', 'delete /q/c', 'create /q/h', 'listquota /q', 'delquota -N /q', 'listquota /q', 'create /q/i', 'delquota -b /q',
      'delquota -B /q', 'listquota /q', 'delquota /q', 'listquota /q', 'ls -R /zookeeper', 'listquota /none', 'delquota /none',
      'deleteall /q', 'quit',
    ],
    shows: [
      'Output quota for /q count=5,bytes=100=;byteHardLimit=200;countHardLimit=7', 'Output stat for /q count=2,bytes=3',
      'has a parent /q which has a quota', 'Quota has exceeded',
    ],
    server: { config: { enforceQuota: 'true' } },
  },
  {
    name: 'the shell itself',
    steps: [
      'history', 'ls /', 'redo 1', 'redo 99', 'redo', 'nosuch', 'help', 'reconfig -add server.1=localhost:2888:3888', 'reconfig', 'close',
      'ls /', 'connect 127.0.0.1:{port}', 'ls /', 'history', 'nosuch', 'quit',
    ],
    shows: [
      '0 - history', 'Command not found: Command not found nosuch', 'Command index out of range', 'Not connected', 'Reconfig is disabled',
    ],
  },
  {
    name: 'below a chroot and read-only',
    steps: [
      'create /c', 'create /c/d x', 'close', 'connect 127.0.0.1:{port}/c', 'ls /', 'get -w /d', 'set /d y',
      '# type:NodeDataChanged path:/d', 'create /e', 'ls -R /', 'delete /none', 'quit',
    ],
    shows: ['type:NodeDataChanged path:/d', '/e'],
    options: ['-r'],
  },
]

export interface SingleCommand {
  readonly args: readonly string[]
  readonly code: number
  readonly options?: readonly string[]
}

export const singleCommands: readonly SingleCommand[] = [
  { args: ['ls', '/'], code: 0 },
  { args: ['create', '/one', 'x'], code: 0 },
  { args: ['create', '-e', '/mine', 'x'], code: 0 },
  { args: ['create', '/one'], code: 1 },
  { args: ['get', '-s', '/one'], code: 0 },
  { args: ['get', '-w', '/one'], code: 0, options: ['-timeout', '5000'] },
  { args: ['get', '/none'], code: 1 },
  { args: ['delete', '/one'], code: 0, options: ['-r', '-waitforconnection'] },
  { args: ['stat', '/'], code: 0 },
  { args: ['help'], code: 127 },
  { args: ['nosuch'], code: 127 },
  { args: ['history'], code: 0 },
  { args: ['addauth', 'nosuch', 'x'], code: 0 },
  { args: ['reconfig', '-remove', '1'], code: 1 },
]
