import { type ComponentType, Suspense, lazy } from 'react'
import { Route, Switch, matchRoute, useLocation, useRouter } from 'wouter'
import { LoginPage } from './accounts/login.tsx'
import { AstrayPage } from './shell/astray.tsx'
import { SignedIn } from './shell/session.tsx'
import { Shell } from './shell/shell.tsx'

/** Every page at its address; each is fetched when it is first opened. `src/http/pages.ts` answers the same addresses. */
const PAGES: readonly [path: string, page: ComponentType][] = [
  ['/', lazy(() => import('./overview/overview.tsx'))],
  ['/links', lazy(() => import('./links/links.tsx'))],
  ['/links/:id', lazy(() => import('./links/link.tsx'))],
  ['/tracking-dashboard', lazy(() => import('./tracking/dashboard.tsx'))],
  ['/email', lazy(() => import('./email/campaigns.tsx'))],
  ['/email/leads', lazy(() => import('./email/leads.tsx'))],
  ['/email/campaigns/:id', lazy(() => import('./email/campaign.tsx'))],
  ['/tracking-admin', lazy(() => import('./partners/admin.tsx'))],
  ['/product', lazy(() => import('./product/projects.tsx'))],
  ['/product/:projectKey', lazy(() => import('./product/project.tsx'))],
  ['/settings', lazy(() => import('./settings/settings.tsx'))],
  ['/settings/:part', lazy(() => import('./settings/settings.tsx'))],
]
const EngagementPage = lazy(() => import('./partners/engagement.tsx'))

/** The page of the address. */
export function Pages() {
  return (
    <Suspense fallback={null}>
      <Switch>
        <Route path="/login" component={LoginPage} />
        <Route path="/engagement/:trackingId" component={EngagementPage} />
        <Route component={OwnPage} />
      </Switch>
    </Suspense>
  )
}

/** A page of signed-in people, in the frame that stays from one to the next. */
function OwnPage() {
  const [location] = useLocation()
  const { parser } = useRouter()
  if (!PAGES.some(([path]) => matchRoute(parser, path, location)[0])) return <AstrayPage />
  return (
    <SignedIn>
      <Shell>
        <Suspense fallback={null}>
          <Switch>
            {PAGES.map(([path, page]) => (
              <Route key={path} path={path} component={page} />
            ))}
          </Switch>
        </Suspense>
      </Shell>
    </SignedIn>
  )
}
