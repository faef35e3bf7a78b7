import type { Command } from 'commander'
import { saysJson, withExamples } from './help.ts'
import { printJson } from './print.ts'
import { type CliWorld, type Finding, Refused } from './world.ts'

const MARKS = { well: '✓', unused: '-', unwell: '✗' }

/** `doctor`: looks at settings, store, clock, mail server and Redis, and says what to do. */
export function doctorCommand(program: Command, world: CliWorld): void {
  withExamples(saysJson(program.command('doctor')), ['waymark doctor', 'waymark doctor --json'])
    .description('look at everything the server needs, and say what to do')
    .action(async ({ json }: { json?: boolean }) => {
      const findings: Finding[] = []
      for await (const finding of world.examine()) {
        findings.push(finding)
        const { what, state, found, advice } = finding
        if (!json) world.out.write(`${MARKS[state]} ${what.padEnd(9)} ${found}\n${advice === undefined ? '' : `            → ${advice}\n`}`)
      }
      if (json) printJson(world.out, findings)
      const unwell = findings.filter(({ state }) => state === 'unwell').length
      if (unwell > 0) throw new Refused(`${unwell} ${unwell === 1 ? 'thing is' : 'things are'} not well.`)
    })
}
