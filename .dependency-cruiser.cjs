/*
 * The rule of the house in one line: rooms stand in a row, and left knows nothing of right.
 * `npx depcruise src` prints what breaks it; test/house.test.ts proves that each rule can.
 */

// Left to right. The files that lie in src/ itself (main, app, config and the like) are the last of the row.
const rooms = [
  'core', 'store', 'http', 'capture', 'accounts', 'ingest', 'reports', 'product',
  'links', 'tracking', 'email', 'partners', 'webhooks', 'privacy', 'edge', 'cli',
]

// Entered by file; every other room by its index.ts alone.
const open = ['core', 'store', 'http', 'capture']

/** @type {import('dependency-cruiser').IForbiddenRuleType[]} */
const order = rooms.map((room, place) => ({
  name: `order-${room}`,
  comment: `${room} may know ${place === 0 ? 'no other room' : rooms.slice(0, place).join(', ')}: what it needs of the right, app.ts hands it.`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: [...rooms.slice(place + 1).map((right) => `^src/${right}/`), '^src/[^/]+$'] },
}))

/** @type {import('dependency-cruiser').IConfiguration} */
const config = {
  forbidden: [
    ...order,
    {
      name: 'room-unknown',
      comment: 'Every folder of src/ has its place in the row above.',
      severity: 'error',
      from: {},
      to: { path: '^src/[^/]+/', pathNot: rooms.map((room) => `^src/${room}/`) },
    },
    {
      name: 'doors',
      comment: 'A room is entered by its index.ts.',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/[^/]+/', pathNot: ['^src/$1/', `^src/(${open.join('|')})/`, '^src/[^/]+/index\\.ts$'] },
    },
    {
      name: 'doors-from-the-plan',
      comment: 'main.ts and app.ts may enter any room, by its door.',
      severity: 'error',
      from: { path: '^src/[^/]+$' },
      to: { path: '^src/[^/]+/', pathNot: [`^src/(${open.join('|')})/`, '^src/[^/]+/index\\.ts$'] },
    },
    {
      name: 'no-cycles',
      comment: 'No two files need each other, not even for a type.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'server-alone',
      comment: 'The server runs without its tests, benches, pages and clients.',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { path: ['^(test|bench|web|clients)/', '\\.test\\.ts$'] },
    },
    {
      name: 'tests-alone',
      comment: 'A test may use test/, never a bench, a page, a client or another test.',
      severity: 'error',
      from: { path: '^src/.*\\.test\\.ts$' },
      to: { path: ['^(bench|web|clients)/', '\\.test\\.ts$'] },
    },
    {
      name: 'no-dev-dependency',
      comment: 'What the server imports is installed where it runs.',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere would slip past every other rule.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    // swc reads TypeScript's own imports, types included; the typescript package has no parser for others since 7.
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|build)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
      extensions: ['.ts', '.js', '.json'],
      mainFields: ['main', 'types'],
    },
  },
}

module.exports = config
