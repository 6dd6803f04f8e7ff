-- KEYS: one.
if redis.call('UNLINK', KEYS[1]) == 0 then return {'missing', false} end
return {'done', false}
