-- KEYS: tenant, routing, functions, versions, runs, ring, keys. Answers with all of them.
return {
  redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2]), redis.call('HGETALL', KEYS[3]), redis.call('HGETALL', KEYS[4]),
  redis.call('HGETALL', KEYS[5]), redis.call('ZRANGE', KEYS[6], 0, -1), redis.call('HVALS', KEYS[7])
}
