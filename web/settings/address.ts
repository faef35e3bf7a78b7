/** Where the API has webhooks. */
export const WEBHOOKS = '/api/v1/webhooks'
