export { fillStore } from './demo.ts'
export { storeClock } from './store.ts'
export { runCommand } from './program.ts'
export { type CliWorld, type Finding, type Opened, type OpenedStore, Refused } from './world.ts'
