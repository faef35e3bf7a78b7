import { type FormEvent, useState } from 'react'
import { Link } from 'wouter'
import { useAnswer, useChange } from '../api/answer.ts'
import { call } from '../api/call.ts'
import type { Project } from '../api/product.ts'
import { Button, CopyButton } from '../design/button.tsx'
import { Dialog } from '../design/dialog.tsx'
import { Field } from '../design/field.tsx'
import { day } from '../design/format.ts'
import { Answered, Empty, Notice } from '../design/state.tsx'
import { Table } from '../design/table.tsx'
import { PageHead } from '../shell/shell.tsx'

const LIST = '/v1/projects'

/** The projects whose events come in. */
export default function ProjectsPage() {
  const projects = useAnswer<{ projects: Project[] }>(LIST)
  const [making, setMaking] = useState(false)
  return (
    <>
      <PageHead title="Product">
        {projects.data && (
          <Button kind="main" onClick={() => setMaking(true)}>
            New project
          </Button>
        )}
      </PageHead>
      <Answered of={projects} tall>
        {(data) => <Projects projects={data.projects} />}
      </Answered>
      {making && <NewProject onClose={() => setMaking(false)} />}
    </>
  )
}

function Projects({ projects }: { projects: readonly Project[] }) {
  const turn = useChange(({ projectKey, isActive }: Project) => call('PATCH', `${LIST}/${projectKey}`, { isActive: !isActive }), [LIST])
  if (projects.length === 0) {
    return <Empty title="No projects yet">Make one with “New project”. It gets a key, by which your app sends its events.</Empty>
  }
  return (
    <>
      {turn.error && <Notice bad>{turn.error.message}</Notice>}
      <Table
        title="Projects"
        rows={projects}
        rowKey={({ projectKey }) => projectKey}
        columns={[
          { key: 'name', title: 'Name', wide: true, value: ({ name }) => name, show: ({ name, projectKey }) => <Link href={`/product/${projectKey}`}>{name}</Link> },
          { key: 'key', title: 'Key', value: ({ projectKey }) => projectKey },
          { key: 'made', title: 'Made', whole: true, value: ({ createdAt }) => createdAt, show: ({ createdAt }) => day(createdAt) },
          { key: 'state', title: 'State', value: ({ isActive }) => (isActive ? 'on' : 'off'), show: ({ isActive }) => <span className={isActive ? 'badge on' : 'badge off'}>{isActive ? 'on' : 'off'}</span> },
        ]}
        actions={(project) => (
          <>
            <CopyButton text={project.projectKey} what={`the key of ${project.name.slice(0, 80)}`} label="Copy key" />
            <Button slim disabled={turn.isPending} aria-label={`Switch ${project.isActive ? 'off' : 'on'} ${project.name.slice(0, 80)}`} onClick={() => turn.mutate(project)}>
              {project.isActive ? 'Switch off' : 'Switch on'}
            </Button>
          </>
        )}
      />
    </>
  )
}

function NewProject({ onClose }: { onClose: () => void }) {
  const make = useChange((name: string) => call<Project>('POST', LIST, { name }), [LIST])
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    make.mutate(String(new FormData(event.currentTarget).get('name')).trim(), { onSuccess: onClose })
  }
  return (
    <Dialog title="New project" onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <Field label="Name" name="name" required maxLength={255} />
        {make.error && <Notice bad>{make.error.message}</Notice>}
        <Button type="submit" kind="main" disabled={make.isPending}>
          Make the project
        </Button>
      </form>
    </Dialog>
  )
}
