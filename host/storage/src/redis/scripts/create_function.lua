-- KEYS: tenant, functions, names. ARGV: 2 name; 3 record.
if redis.call('EXISTS', KEYS[1]) == 0 then return {'missing', false} end
if redis.call('HSETNX', KEYS[2], ARGV[2], ARGV[3]) == 0 then return {'exists', false} end
redis.call('ZADD', KEYS[3], 0, ARGV[2])
return {'done', false}
