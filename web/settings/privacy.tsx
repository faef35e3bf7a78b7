import { type FormEvent, useState } from 'react'
import type { HeldOfPerson } from '../api/accounts.ts'
import { useAnswer, useChange } from '../api/answer.ts'
import { address, call } from '../api/call.ts'
import { Button } from '../design/button.tsx'
import { Dialog } from '../design/dialog.tsx'
import { Field, Select } from '../design/field.tsx'
import { moment, number } from '../design/format.ts'
import { Answered, Notice } from '../design/state.tsx'
import { Table } from '../design/table.tsx'

const NAMES = [
  ['userId', 'User id'],
  ['email', 'E-mail address'],
  ['anonymousId', 'Anonymous id'],
  ['sessionId', 'Session id'],
] as const
const PERSON = '/api/privacy/person'

interface Asked {
  by: string
  value: string
}

/** Everything held of one person: to be seen, taken along, and erased. */
export function PrivacyPart() {
  const [asked, setAsked] = useState<Asked | null>(null)
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    setAsked({ by: String(form.get('by')), value: String(form.get('value')).trim() })
  }
  return (
    <>
      <p className="soft">Find what is held of one person, by a name that events carry. It can be exported, and erased for good; all numbers stay as they are.</p>
      <form className="form" onSubmit={submit}>
        <Select label="By" name="by">
          {NAMES.map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </Select>
        <Field label="Value" name="value" required maxLength={255} autoComplete="off" />
        <div className="whole">
          <Button type="submit" kind="main">
            Find
          </Button>
        </div>
      </form>
      {asked && <Held key={`${asked.by}:${asked.value}`} asked={asked} />}
    </>
  )
}

function Held({ asked }: { asked: Asked }) {
  const [erasing, setErasing] = useState(false)
  const url = address(PERSON, { [asked.by]: asked.value })
  const held = useAnswer<HeldOfPerson>(url, { keep: false })
  const erase = useChange(() => call<{ erased: Record<string, number> }>('DELETE', url), [PERSON])
  return (
    <>
      {erase.data && <Notice>Erased: {counts(erase.data.erased)}.</Notice>}
      {erase.error && <Notice bad>{erase.error.message}</Notice>}
      <Answered of={held}>
        {(data) =>
          data.identities.length === 0 && data.events.length === 0 && data.dead_letters.length === 0 ? (
            <p>Nothing is held of this person.</p>
          ) : (
            <>
              <div className="spread">
                <p>
                  {data.cursor ? 'More than ' : ''}
                  {number(data.events.length)} events, {number(data.dead_letters.length)} refused ones, {number(data.aliases.length)} other names.
                </p>
                <div className="row">
                  <Button onClick={() => void saveAll(url, data)}>Export all as JSON</Button>
                  <Button kind="danger" onClick={() => setErasing(true)}>
                    Erase
                  </Button>
                </div>
              </div>
              <Table
                title="Events of this person"
                rows={data.events}
                rowKey={(event) => String(event.id)}
                few={10}
                columns={[
                  { key: 'ts', title: 'Time', whole: true, value: (event) => String(event.ts ?? ''), show: (event) => (event.ts ? moment(String(event.ts)) : '–') },
                  { key: 'project', title: 'Project', value: (event) => String(event.project ?? '') },
                  { key: 'name', title: 'Event', value: (event) => String(event.name ?? '') },
                  { key: 'properties', title: 'Properties', wide: true, value: (event) => (event.properties ? JSON.stringify(event.properties) : null) },
                ]}
              />
            </>
          )
        }
      </Answered>
      {erasing && (
        <Dialog title="Erase this person?" onClose={() => setErasing(false)}>
          <p>
            Everything that tells who <bdi>{asked.value}</bdi> is goes from all events, for good. Export it first if it is needed.
          </p>
          <Button
            kind="danger"
            disabled={erase.isPending}
            onClick={() => {
              setErasing(false)
              erase.mutate(undefined)
            }}
          >
            Erase for good
          </Button>
        </Dialog>
      )}
    </>
  )
}

/** Fetches all pages of what is held and saves them as one file. */
async function saveAll(url: string, first: HeldOfPerson): Promise<void> {
  const all = { ...first, events: [...first.events], dead_letters: [...first.dead_letters] }
  while (all.cursor !== null) {
    const next = await call<HeldOfPerson>('GET', `${url}&cursor=${encodeURIComponent(all.cursor)}`)
    all.events.push(...next.events)
    all.dead_letters.push(...next.dead_letters)
    all.cursor = next.cursor
  }
  const file = URL.createObjectURL(new Blob([JSON.stringify(all, null, 2)], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = file
  link.download = 'person.json'
  link.click()
  URL.revokeObjectURL(file)
}

function counts(erased: Record<string, number>): string {
  const some = Object.entries(erased).filter(([, count]) => count > 0)
  return some.length === 0 ? 'nothing was held' : some.map(([kind, count]) => `${number(count)} ${kind.replaceAll('_', ' ')}`).join(', ')
}
