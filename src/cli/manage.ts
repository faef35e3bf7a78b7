import { randomBytes } from 'node:crypto'
import { type Command, Option } from 'commander'
import { type Whom, asking, expected } from './api.ts'
import { saysJson, withExamples } from './help.ts'
import { type Cells, printJson, say, table } from './print.ts'
import { type CliWorld, Refused } from './world.ts'

type Shown = Whom & { json?: boolean }

/** Adds the options by which a command asks a running server instead of the store itself. */
export function asksApi(command: Command): Command {
  return command
    .option('--url <url>', 'ask a running server instead of opening the store')
    .option('--key <key>', 'ingest key for that server')
    .option('--token <token>', 'session token for that server, where a key is not enough')
}

/** `link`, `key` and `user`: what the API has, for a terminal. */
export function manageCommands(program: Command, world: CliWorld): void {
  links(program.command('link').description('make, list and switch off links'), world)
  keys(program.command('key').description('make and revoke ingest keys'), world)
  users(program.command('user').description('add people, and give them new passwords'), world)
}

const LINKS = '/api/link-tracking/links'

function links(link: Command, world: CliWorld): void {
  withExamples(asksApi(link.command('create')), ['waymark link create https://www.linkedin.com/in/example --function LinkedIn --id profile --campaign spring'])
    .description('make a link and print its address')
    .argument('<url>', 'where it leads')
    .option('--function <name>', 'LinkedIn, Calendly, Portfolio, GitHub, Website or another', 'Website')
    .option('--id <tracking id>', 'an id of your own')
    .option('--campaign <name>')
    .option('--partner <tracking id>')
    .option('--description <text>')
    .option('--expires <time>', 'ISO 8601')
    .option('--json', 'print the whole link')
    .action(async (url: string, options: Shown & Record<string, string>) => {
      const body = {
        original_url: url,
        link_function: options.function,
        tracking_id: options.id,
        campaign: options.campaign,
        partner: options.partner,
        description: options.description,
        expires_at: options.expires,
      }
      const made = (await asking(world, options, (ask) => expected(ask('POST', LINKS, body)))) as { redirect_url: string }
      say(world.out, options.json, made, made.redirect_url)
    })

  withExamples(asksApi(link.command('list')), ['waymark link list --search linkedin', 'waymark link list --limit 200 --json'])
    .description('list links, newest first')
    .option('--search <text>', 'in id, destination and description')
    .option('--limit <number>', 'how many', '50')
    .option('--json', 'print them whole')
    .action(async (options: Shown & { search?: string; limit: string }) => {
      const query = new URLSearchParams({ limit: options.limit, ...(options.search === undefined ? {} : { q: options.search }) })
      const body = (await asking(world, options, (ask) => expected(ask('GET', `${LINKS}?${query}`)))) as { links: Cells[] }
      if (options.json) printJson(world.out, body.links)
      else world.out.write(table(body.links, ['tracking_id', 'link_function', 'is_active', 'original_url', 'created_at']))
    })

  withExamples(saysJson(asksApi(link.command('disable'))), ['waymark link disable profile'])
    .description('switch a link off: whoever follows it is told so')
    .argument('<tracking id>')
    .action(async (id: string, options: Shown) => {
      const changed = await asking(world, options, (ask) => expected(ask('PATCH', `${LINKS}/${encodeURIComponent(id)}`, { is_active: false })))
      say(world.out, options.json, changed, `${id} is off.`)
    })
}

function keys(key: Command, world: CliWorld): void {
  withExamples(saysJson(asksApi(key.command('create'))), ['KEY=$(waymark key create redirect-domain)'])
    .description('make an ingest key and print it, once')
    .argument('<name>', 'whose it is')
    .action(async (name: string, options: Shown) => {
      const body = (await asking(world, options, (ask) => expected(ask('POST', '/api/keys', { name })))) as { key: string }
      say(world.out, options.json, body, body.key)
    })

  withExamples(saysJson(asksApi(key.command('revoke'))), ['waymark key revoke redirect-domain'])
    .description('end an ingest key, by its name or id')
    .argument('<name or id>')
    .action(async (name: string, options: Shown) => {
      const revoked = await asking(world, options, async (ask) => {
        const { keys: all } = (await expected(ask('GET', '/api/keys'))) as { keys: { id: string; name: string; revoked_at: string | null }[] }
        const found = all.filter((one) => one.revoked_at === null && (one.id === name || one.name === name))
        if (found.length !== 1) throw new Refused(found.length === 0 ? `There is no key ${name} that counts.` : `There are ${found.length} keys named ${name}; say its id: ${found.map(({ id }) => id).join(', ')}`)
        return expected(ask('POST', `/api/keys/${found[0]?.id}/revoke`))
      })
      say(world.out, options.json, revoked, `${name} counts no more.`)
    })
}

function users(user: Command, world: CliWorld): void {
  const secret = (command: Command): Command => saysJson(command).option('--password-stdin', 'read the password from standard input; else one is made and printed, once')

  withExamples(secret(asksApi(user.command('create'))), ['PASSWORD=$(waymark user create ada@example.com --role admin)'])
    .description('add somebody')
    .argument('<email>')
    .addOption(new Option('--role <role>').choices(['viewer', 'admin']).default('viewer'))
    .action(async (email: string, options: Shown & { role: string; passwordStdin?: boolean }) => {
      const password = await passwordOf(world, options.passwordStdin)
      const made = (await asking(world, options, (ask) => expected(ask('POST', '/api/auth/users', { email, role: options.role, password })))) as object
      say(world.out, options.json, options.passwordStdin ? made : { ...made, password }, options.passwordStdin ? `${email} is there.` : password)
    })

  withExamples(secret(asksApi(user.command('password'))), ["echo 'correct horse battery' | waymark user password ada@example.com --password-stdin"])
    .description('give somebody a new password, which ends their sessions')
    .argument('<email>')
    .action(async (email: string, options: Shown & { passwordStdin?: boolean }) => {
      const password = await passwordOf(world, options.passwordStdin)
      const changed = await asking(world, options, async (ask) => {
        const { users: all } = (await expected(ask('GET', '/api/auth/users'))) as { users: { id: string; email: string }[] }
        const found = all.find((one) => one.email === email.trim().toLowerCase())
        if (!found) throw new Refused(`There is no user ${email}.`)
        return (await expected(ask('PATCH', `/api/auth/users/${found.id}`, { password }))) as object
      })
      say(world.out, options.json, options.passwordStdin ? changed : { ...changed, password }, options.passwordStdin ? `${email} has a new password.` : password)
    })
}

async function passwordOf(world: CliWorld, given: boolean | undefined): Promise<string> {
  return given ? (await world.input()).replace(/\r?\n$/, '') : randomBytes(18).toString('base64url')
}
