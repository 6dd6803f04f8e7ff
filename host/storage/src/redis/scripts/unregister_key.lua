-- KEYS: keys. ARGV[2]: key id. Answers with the hash it had.
local hash = redis.call('HGET', KEYS[1], ARGV[2])
if not hash then return {'missing', false} end
redis.call('HDEL', KEYS[1], ARGV[2])
return {'done', hash}
