-- KEYS: what has begun. ARGV: from 2 on ids, each with its record.
for at = 2, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1]) end
return {'done', false}
