import { useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { Link, useLocation } from 'wouter'
import { call } from '../api/call.ts'
import { Button } from '../design/button.tsx'
import { type Theme, applyTheme, storedTheme } from '../design/theme.ts'
import './shell.css'
import { useUser } from './session.tsx'

const NAV = [
  ['/', 'Overview'],
  ['/links', 'Links'],
  ['/tracking-dashboard', 'Campaigns'],
  ['/email', 'Email'],
  ['/tracking-admin', 'Partners'],
  ['/product', 'Product'],
  ['/settings', 'Settings'],
] as const

/** The frame around every page of signed-in people. */
export function Shell({ children }: { children: ReactNode }) {
  const [path] = useLocation()
  const [open, setOpen] = useState(false)
  const main = useRef<HTMLElement>(null)
  const before = useRef(path)
  useEffect(() => {
    if (before.current === path) return
    before.current = path
    setOpen(false)
    // Whoever hears the page is told that it is another one.
    main.current?.focus()
    window.scrollTo(0, 0)
  }, [path])
  return (
    <>
      <a className="button skip" href="#main">
        Skip to content
      </a>
      <header className="top">
        <div className={open ? 'top-inner open' : 'top-inner'}>
          <Link href="/" className="brand">
            <Mark />
            Waymark
          </Link>
          <Button className="menu-button" aria-expanded={open} onClick={() => setOpen(!open)}>
            Menu
          </Button>
          <nav className="nav" aria-label="Pages">
            {NAV.map(([href, name]) => (
              <Link key={href} href={href} aria-current={isAt(path, href) ? 'page' : undefined}>
                {name}
              </Link>
            ))}
          </nav>
          <div className="row tools">
            <ThemeChoice />
            <Leave />
          </div>
        </div>
      </header>
      <main id="main" className="content" ref={main} tabIndex={-1}>
        {children}
      </main>
    </>
  )
}

/** The head of a page: its name, which the window gets too, and what stands beside it. */
export function PageHead({ title, children }: { title: string; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Waymark`
  }, [title])
  return (
    <div className="page-head">
      <h1>{title}</h1>
      {children}
    </div>
  )
}

/** Waymark's name and sign, where no menu is. */
export function Brand() {
  return (
    <span className="brand">
      <Mark />
      Waymark
    </span>
  )
}

/** Waymark's sign. */
function Mark() {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true">
      <path d="M4 4h11l5 5-5 5H4zM8 14h2.5v7H8z" />
    </svg>
  )
}

/** Light, dark, or as the system says. */
export function ThemeChoice() {
  const [theme, setTheme] = useState<Theme>(storedTheme)
  return (
    <select
      className="control quiet"
      aria-label="Colours"
      value={theme}
      onChange={({ target }) => {
        applyTheme(target.value as Theme)
        setTheme(target.value as Theme)
      }}
    >
      <option value="system">System colours</option>
      <option value="light">Light</option>
      <option value="dark">Dark</option>
    </select>
  )
}

function Leave() {
  const { email } = useUser()
  const answers = useQueryClient()
  const [, go] = useLocation()
  const leave = async (): Promise<void> => {
    // A session that has ended already is as good.
    await call('POST', '/api/auth/logout').catch(() => undefined)
    answers.clear()
    go('/login')
  }
  return (
    <Button kind="plain" className="leave" title={email} onClick={() => void leave()}>
      Sign out
    </Button>
  )
}

function isAt(path: string, href: string): boolean {
  return href === '/' ? path === '/' : path === href || path.startsWith(`${href}/`)
}
