import { isbot } from 'isbot'

/** Why a user agent's name alone makes it a machine. */
export type AgentReason = 'agent_mail_proxy' | 'agent_scanner' | 'link_preview' | 'headless' | 'agent_tool' | 'agent_bot'

/** From the particular to the general: the first that matches gives the reason. All are plain words, nothing repeats or backtracks. */
const agents: readonly [AgentReason, RegExp][] = [
  // Mail services that fetch pictures, and pixels with them, in their readers' stead. Apple's says no more than "Mozilla/5.0", and
  // Gmail looks ahead as an Edge of 2015 with a tail.
  ['agent_mail_proxy', anyOf(
    '^mozilla/5\\.0$', 'googleimageproxy', 'ggpht\\.com', 'edge/12\\.246 (?:mozilla|gmail)', 'gmail-content-sampling', 'yahoomailproxy',
    'emailproxy',
  )],
  // Security gateways that follow the links of a mail before its reader does.
  ['agent_scanner', anyOf(
    'barracuda', 'mimecast', 'proofpoint', 'urldefense', 'ironport', 'cisco-?(?:secure|outbreak)', 'symantec', 'messagelabs', 'fireeye',
    'trend ?micro', 'forti(?:mail|guard|sandbox)', 'sophos', 'safe-?links', 'zscaler', 'hornetsecurity', 'vade ?secure', 'virustotal',
    'urlscan', 'spamassassin', 'clamav',
  )],
  // Chat, office and social services that draw a card of the page behind a link.
  ['link_preview', anyOf(
    'facebookexternal', 'facebot', 'meta-external', 'slackbot', 'slack-imgproxy', 'twitterbot', 'linkedinbot', '^whatsapp/', 'discordbot',
    'telegrambot', 'skypeuripreview', 'microsoftpreview', 'bingpreview', '^microsoft office (?:existence|protocol) discovery',
    '\\(compatible; ms-office;', 'snap url preview', 'redditbot', 'pinterestbot', '^pinterest/', 'iframely', 'embedly', 'vkshare',
    'kakaotalk-scrap', '^viber/', 'mastodon/', 'bluesky cardyb', 'google-pagerenderer',
  )],
  // Browsers that a programme drives.
  ['headless', anyOf(
    'headless', 'phantomjs', 'slimerjs', 'puppeteer', 'playwright', 'selenium', 'webdriver', 'cypress/', 'lighthouse', 'htmlunit', 'jsdom/',
  )],
  // Command lines and programming libraries, which put their name first.
  ['agent_tool', anyOf(
    `^(?:${[
      'curl', 'libcurl', 'pycurl', 'wget', 'wget2', 'httpie', 'xh', 'python', 'aiohttp', 'scrapy', 'go-http-client', 'axios', 'node',
      'node\\.js', 'undici', 'got', 'superagent', 'bun', 'deno', 'okhttp', 'java', 'apache-httpclient', 'jakarta', 'jetty',
      'reactornetty', 'dart', 'ruby', 'faraday', 'rest-client', 'http\\.rb', 'guzzlehttp', 'php', 'symfony', 'lwp', 'libwww-perl',
      'reqwest', 'hyper', 'ureq', 'postmanruntime', 'insomnia', 'bruno', 'k6', 'apachebench', 'autocannon', 'wrk', 'hey', 'vegeta',
    ].join('|')})(?:$|[\\s/;_-])`,
    'powershell/',
  )],
]

/** What Facebook's apps add to the agent of a browser: names of devices and carriers ("Google Fi") that can look like a bot's. */
const appDetails = /\[FB[^\]]*\]/

/** The reason for which a user agent is a machine's; null for a person's browser or app, as far as its name tells. */
export function machineAgent(userAgent: string): AgentReason | null {
  for (const [reason, pattern] of agents) if (pattern.test(userAgent)) return reason
  return isbot(userAgent.replace(appDetails, '')) ? 'agent_bot' : null
}

function anyOf(...patterns: readonly string[]): RegExp {
  return new RegExp(patterns.join('|'), 'i')
}
