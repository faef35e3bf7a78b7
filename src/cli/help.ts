import type { Command } from 'commander'

/** Adds examples behind a command's help, each a line as it is typed. `before`: what must be known first. */
export function withExamples(command: Command, lines: readonly string[], before = ''): Command {
  return command.addHelpText('after', `${before === '' ? '' : `\n${before}\n`}\n${lines.length === 1 ? 'Example' : 'Examples'}:\n${lines.map((line) => `  ${line}`).join('\n')}`)
}

/** Adds `--json`, by which a command says in JSON what it has done. */
export function saysJson(command: Command): Command {
  return command.option('--json', 'print what was done as JSON')
}
