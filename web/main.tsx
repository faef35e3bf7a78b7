import { QueryClientProvider } from '@tanstack/react-query'
import { createRoot } from 'react-dom/client'
import { createAnswers } from './api/answer.ts'
import './design/tokens.css'
import './design/base.css'
import './design/components.css'
import './design/table.css'
import { applyTheme, storedTheme } from './design/theme.ts'
import { Pages } from './pages.tsx'
// Before anything is fetched or shown.
import './partners/token.ts'

applyTheme(storedTheme())
createRoot(document.getElementById('app') as HTMLElement).render(
  <QueryClientProvider client={createAnswers()}>
    <Pages />
  </QueryClientProvider>,
)
