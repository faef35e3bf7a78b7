import { readFileSync } from 'node:fs'

/** Watches what everything but this run takes of the processor, from now until it is asked: in cores. Ask when all children have ended. */
export function watchOthers(): () => number {
  const start = performance.now()
  const all = busySeconds()
  const own = ownSeconds()
  return () => Math.max(0, (busySeconds() - all - (ownSeconds() - own)) / ((performance.now() - start) / 1000))
}

/** All processors' time but idle and waiting (proc(5), /proc/stat), in seconds. */
function busySeconds(): number {
  const [user, nice, system, , , irq, softirq, steal] = readFileSync('/proc/stat', 'utf8').split('\n')[0]?.split(/\s+/).slice(1).map(Number) ?? []
  return sum([user, nice, system, irq, softirq, steal]) / 100
}

/** This process's time and that of its children that have ended (proc(5), /proc/[pid]/stat: utime to cstime), in seconds. */
function ownSeconds(): number {
  return sum(readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ').slice(11, 15).map(Number) ?? []) / 100
}

function sum(numbers: readonly (number | undefined)[]): number {
  return numbers.reduce<number>((total, number) => total + (number ?? Number.NaN), 0)
}
