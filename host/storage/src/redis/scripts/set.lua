-- KEYS: one. ARGV[2]: its new value.
redis.call('SET', KEYS[1], ARGV[2])
return {'done', false}
