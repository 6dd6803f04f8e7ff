-- KEYS: chain, entries. ARGV: 1 number after which to begin; 2 how many. Answers with numbers, ids and records.
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local rows = {}
for i = 1, #found, 2 do
  rows[#rows + 1] = {tonumber(found[i + 1]), found[i], redis.call('HGET', KEYS[2], found[i])}
end
return rows
