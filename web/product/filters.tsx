import type { FormEvent } from 'react'
import { Button } from '../design/button.tsx'
import type { View } from '../shell/view.ts'

/** Narrows all reports to events that have a property. */
export function FilterForm({ view }: { view: View }) {
  const [property, value] = [view.get('property'), view.get('value')]
  const apply = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    view.set({ property: String(form.get('property')), value: String(form.get('value')) })
  }
  return (
    <form className="row" onSubmit={apply} key={`${property}=${value}`}>
      <span className="small">Only events with</span>
      <input className="control" name="property" aria-label="Property" placeholder="property" defaultValue={property} maxLength={255} />
      <span aria-hidden="true">=</span>
      <input className="control" name="value" aria-label="Its value" placeholder="value" defaultValue={value} maxLength={1000} />
      <Button type="submit">Apply</Button>
      {property && (
        <Button kind="plain" onClick={() => view.set({ property: '', value: '' })}>
          Show all
        </Button>
      )}
    </form>
  )
}
