-- KEYS: one. ARGV[2]: its new value, if it has one.
if redis.call('EXISTS', KEYS[1]) == 0 then return {'missing', false} end
redis.call('SET', KEYS[1], ARGV[2])
return {'done', false}
