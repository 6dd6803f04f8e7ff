-- KEYS: answers, ends. ARGV[2]: place.
redis.call('HDEL', KEYS[1], ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[2])
return {'done', false}
