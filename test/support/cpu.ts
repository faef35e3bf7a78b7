/**
 * The processor's time that this process has spent so far, native threads included, in ms. Where a duration is nearly all computing,
 * this measures it without saying what else the machine was doing.
 */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
