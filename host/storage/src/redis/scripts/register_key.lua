-- KEYS: tenant, keys. ARGV: 2 key id; 3 hash of the secret. Answers with the hash that the id has already.
if redis.call('EXISTS', KEYS[1]) == 0 then return {'missing', false} end
local held = redis.call('HGET', KEYS[2], ARGV[2])
if held then return {'exists', held} end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
return {'done', false}
