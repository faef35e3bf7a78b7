import { Link, useLocation } from 'wouter'
import { Brand, PageHead } from './shell.tsx'

/** For whoever followed an address that leads nowhere; it says nothing that only signed-in people may know. */
export function AstrayPage() {
  const [path] = useLocation()
  return (
    <main className="narrow">
      <div className="stack">
        <Brand />
        <PageHead title="There is no such page" />
        <p>
          Nothing is at <code>{path}</code>. The address may be mistyped, or the page may have moved.
        </p>
        <p>
          <Link href="/" className="button main">
            Go to the overview
          </Link>
        </p>
      </div>
    </main>
  )
}
