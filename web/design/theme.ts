const KEY = 'waymark-theme'

/** As the system says, or what the reader chose instead. */
export type Theme = 'system' | 'light' | 'dark'

/** The choice that was made on this device. */
export function storedTheme(): Theme {
  const stored = localStorage.getItem(KEY)
  return stored === 'light' || stored === 'dark' ? stored : 'system'
}

/** Applies a choice, and keeps it on this device. */
export function applyTheme(theme: Theme): void {
  if (theme === 'system') {
    localStorage.removeItem(KEY)
    delete document.documentElement.dataset.theme
  } else {
    localStorage.setItem(KEY, theme)
    document.documentElement.dataset.theme = theme
  }
  // What is drawn on a canvas has to be told.
  window.dispatchEvent(new Event('waymark-theme'))
}
