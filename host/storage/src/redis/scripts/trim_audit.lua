-- KEYS: entries, order, chain, tenants' own. ARGV[2]: number up to which the chain's entries go.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[2])) do
  redis.call('HDEL', KEYS[1], id)
  redis.call('ZREM', KEYS[2], id)
  for own = 4, #KEYS do redis.call('ZREM', KEYS[own], id) end
end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[2])
return {'done', false}
