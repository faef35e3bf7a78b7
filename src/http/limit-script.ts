import { RUNS } from './limits.ts'

/**
 * `createLimiter`'s counting for one key, as one step of Redis: the same runs, the same decisions.
 *
 * KEYS[1] the key. ARGV: the limit, the window in ms, how many to count (less than 0: to give back), and the time in ms,
 * or nothing for Redis' own clock, which is the same for all servers. Answers 1 or 0 for allowed, how many are counted,
 * and the ms until more is free. The key holds when the newest run began, then each run's last time and count, oldest
 * first. It goes by itself a window after it was last written.
 */
export const LIMIT_SCRIPT = `
local limit, window, count, at = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if not at then
  local time = redis.call('TIME')
  at = time[1] * 1000 + math.floor(time[2] / 1000)
end

local long_ago = -1e13
local first_at, runs, total, changed = long_ago, {}, 0, count < 0
for number in string.gmatch(redis.call('GET', KEYS[1]) or '', '%S+') do runs[#runs + 1] = tonumber(number) end
if #runs > 0 then first_at = table.remove(runs, 1) end
while #runs > 0 and math.abs(at - runs[1]) >= window do
  table.remove(runs, 1)
  table.remove(runs, 1)
  changed = true
end
for run = 2, #runs, 2 do total = total + runs[run] end

local allowed = total + count <= limit
local left = -count
while left > 0 and #runs > 0 do
  local given = math.min(left, runs[#runs])
  left = left - given
  total = total - given
  runs[#runs] = runs[#runs] - given
  if runs[#runs] == 0 then
    table.remove(runs)
    table.remove(runs)
    first_at = long_ago
  end
end
if allowed and count > 0 then
  changed = true
  total = total + count
  if #runs == 0 or at - first_at >= window / ${RUNS} then
    first_at = at
    runs[#runs + 1] = at
    runs[#runs + 1] = count
  else
    runs[#runs - 1] = math.max(runs[#runs - 1], at)
    runs[#runs] = runs[#runs] + count
  end
end
if changed then
  redis.call('SET', KEYS[1], first_at .. ' ' .. table.concat(runs, ' '), 'PX', window)
end

local wait = 0
if allowed then
  if #runs > 0 then wait = runs[1] + window - at end
else
  wait = window
  local rest = total
  for run = 1, #runs, 2 do
    rest = rest - runs[run + 1]
    if rest + count <= limit then
      wait = runs[run] + window - at
      break
    end
  end
end
return { allowed and 1 or 0, total, wait }
`
