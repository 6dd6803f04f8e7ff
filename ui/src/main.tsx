// The console's entry: theme, session, first render. Everything else hangs below `App`.
import { render } from 'preact'
import { App } from './app/App'
import { pageAt } from './app/pages'
import { parseRoute } from './app/route'
import { startSession } from './auth/session'
import './styles.css'
import { applyTheme } from './theme/theme'

applyTheme()
void startSession()
// The page's code travels while the session is being opened; a failure shows when the page is really asked for.
pageAt(parseRoute(location.hash).page).load().catch(() => undefined)
const root = document.getElementById('app')
if (root) render(<App />, root)
