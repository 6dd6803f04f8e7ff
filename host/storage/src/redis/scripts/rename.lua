-- KEYS: what is there; what it is to be called.
if redis.call('EXISTS', KEYS[1]) == 0 then return {'missing', false} end
redis.call('RENAME', KEYS[1], KEYS[2])
return {'done', false}
