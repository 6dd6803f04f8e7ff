-- KEYS: when a tenant's bucket is full, in microseconds. ARGV: 1 requests; 2 microseconds for each. Answers with how long until it is full.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + tonumber(ARGV[1]) * tonumber(ARGV[2])
-- Whoever was let in too much of is kept out no longer than a minute for it.
full = math.min(full, now + 60000000)
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
return full - now
