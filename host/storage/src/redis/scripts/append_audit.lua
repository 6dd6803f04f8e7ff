-- KEYS: heads, latest, entries, order, chain, what has begun, tenants' own. ARGV: 2 host; 3 number that its chain must end with; 4 its new end; 5 time in
-- milliseconds; then for each entry its id, number, record, and which of the keys is its tenant's, or 0.
local head = redis.call('HGET', KEYS[1], ARGV[2])
local last = head and string.match(head, '^%d+') or '0'
if last ~= ARGV[3] then return {'exists', false} end
for at = 6, #ARGV, 4 do
  local id, own = ARGV[at], tonumber(ARGV[at + 3])
  redis.call('HSET', KEYS[3], id, ARGV[at + 2])
  redis.call('ZADD', KEYS[4], 0, id)
  redis.call('ZADD', KEYS[5], ARGV[at + 1], id)
  redis.call('HDEL', KEYS[6], id)
  if own > 0 then redis.call('ZADD', KEYS[own], 0, id) end
end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[2])
return {'done', false}
