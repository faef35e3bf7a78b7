/**
 * The token that a partner's page was opened with. It is taken out of the address before anything is shown, since an address is
 * seen over shoulders, shared and kept in lists; the history entry keeps it, so that loading the page again shows the same.
 */
export const partnerToken = location.pathname.startsWith('/engagement/') ? take() : ''

function take(): string {
  const params = new URLSearchParams(location.search)
  const given = params.get('token')
  if (given === null) return (history.state as { token?: string } | null)?.token ?? ''
  params.delete('token')
  history.replaceState({ token: given }, '', params.size === 0 ? location.pathname : `${location.pathname}?${params}`)
  return given
}
