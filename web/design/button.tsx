import { type ButtonHTMLAttributes, useEffect, useState } from 'react'

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & { kind?: 'main' | 'danger' | 'plain' | undefined; slim?: boolean }

/** A button; `main` for the one thing a page is for. */
export function Button({ kind, slim = false, className = '', type = 'button', ...rest }: ButtonProps) {
  return <button type={type} className={['button', kind, slim ? 'slim' : '', className].filter(Boolean).join(' ')} {...rest} />
}

const SAID_MS = 2_000

/** Copies a text and says so. `what` names it for those who do not see where it stands. */
export function CopyButton({ text, what, label = 'Copy' }: { text: string; what: string; label?: string }) {
  const [said, say] = useState('')
  useEffect(() => {
    if (said === '') return
    const timer = setTimeout(() => say(''), SAID_MS)
    return () => clearTimeout(timer)
  }, [said])
  return (
    <>
      <Button slim aria-label={`${label} ${what}`} onClick={() => void copy(text).then(say)}>
        {said || label}
      </Button>
      <span role="status" className="unseen">
        {said}
      </span>
    </>
  )
}

/** The clipboard is there on https and localhost alone; elsewhere the text is selected the old way. */
async function copy(text: string): Promise<string> {
  try {
    await navigator.clipboard.writeText(text)
    return 'Copied'
  } catch {
    const field = document.createElement('textarea')
    field.value = text
    field.className = 'unseen'
    const holder = document.querySelector('dialog[open]') ?? document.body
    holder.append(field)
    field.select()
    const done = document.execCommand('copy')
    field.remove()
    return done ? 'Copied' : 'Select it and copy'
  }
}
