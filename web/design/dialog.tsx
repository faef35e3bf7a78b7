import { type ReactNode, useEffect, useRef } from 'react'
import { Button } from './button.tsx'

/** A question or a form before all else on the page. Escape and the button close it; the browser keeps the focus inside. */
export function Dialog({ title, children, onClose }: { title: string; children: ReactNode; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  return (
    <dialog ref={dialog} className="dialog" aria-label={title} onClose={onClose}>
      <div className="stack">
        <div className="spread">
          <h2>{title}</h2>
          <Button kind="plain" slim onClick={() => dialog.current?.close()}>
            Close
          </Button>
        </div>
        {children}
      </div>
    </dialog>
  )
}
