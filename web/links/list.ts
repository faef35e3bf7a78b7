/** Where links are listed and made; each one's address begins with it. */
export const LIST = '/api/link-tracking/links'
