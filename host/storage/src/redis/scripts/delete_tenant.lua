-- KEYS: all of a tenant's; the record first, the hashes of its API keys second. Answers with those hashes.
if redis.call('EXISTS', KEYS[1]) == 0 then return {'missing', {}} end
local hashes = redis.call('HVALS', KEYS[2])
redis.call('UNLINK', unpack(KEYS))
return {'done', hashes}
