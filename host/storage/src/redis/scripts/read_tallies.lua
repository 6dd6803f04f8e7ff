-- KEYS: parts, windows. ARGV: 1, 2 the starts of windows. Answers with places and records.
local rows = {}
for i, place in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], ARGV[1], ARGV[2])) do
  rows[i] = {place, redis.call('HGET', KEYS[1], place)}
end
return rows
