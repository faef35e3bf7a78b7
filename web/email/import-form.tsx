import type { FormEvent } from 'react'
import { useChange } from '../api/answer.ts'
import { Refusal, call } from '../api/call.ts'
import type { ImportReport } from '../api/email.ts'
import { Button } from '../design/button.tsx'
import { Dialog } from '../design/dialog.tsx'
import { Field } from '../design/field.tsx'
import { number } from '../design/format.ts'
import { Notice } from '../design/state.tsx'
import { Table } from '../design/table.tsx'
import { LEADS } from './address.ts'

/** Takes in a list of leads, and says what became of each row. */
export function ImportForm({ onClose }: { onClose: () => void }) {
  const bring = useChange(importFile, [LEADS])
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    bring.mutate(new FormData(event.currentTarget).get('file') as File)
  }
  return (
    <Dialog title="Import leads" onClose={onClose}>
      {bring.data ? (
        <Report report={bring.data} />
      ) : (
        <form className="stack" onSubmit={submit}>
          <p className="soft">A CSV file with a line of names: email, and if you like first_name, last_name and columns of your own. Who is there already stays as they are.</p>
          <Field label="File" name="file" type="file" accept=".csv,text/csv" required />
          {bring.error && <Notice bad>{bring.error.message}</Notice>}
          <Button type="submit" kind="main" disabled={bring.isPending}>
            Import
          </Button>
        </form>
      )}
    </Dialog>
  )
}

/** A list of which no row is good is refused, and has its report all the same. */
async function importFile(file: File): Promise<ImportReport> {
  try {
    return await call<ImportReport>('POST', `${LEADS}/import`, new Blob([file], { type: 'text/csv' }))
  } catch (error) {
    if (error instanceof Refusal && typeof error.answer === 'object' && error.answer !== null && 'rows' in error.answer) return error.answer as ImportReport
    throw error
  }
}

function Report({ report }: { report: ImportReport }) {
  return (
    <>
      <Notice bad={report.created + report.existing === 0}>
        {number(report.created)} new, {number(report.existing)} there before, {number(report.failed)} refused.
      </Notice>
      {report.failed > 0 && (
        <Table
          title="Refused rows"
          rows={report.rows.filter(({ status }) => status === 'failed')}
          rowKey={({ row }) => String(row)}
          columns={[
            { key: 'row', title: 'Row', value: ({ row }) => row },
            { key: 'why', title: 'Why', wide: true, value: ({ field, error }) => `${field} ${error}` },
          ]}
        />
      )}
    </>
  )
}
