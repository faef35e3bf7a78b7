/** Where the API has campaigns and leads. */
export const CAMPAIGNS = '/api/v1/campaigns'
export const LEADS = '/api/v1/leads'
