-- KEYS: tenant, routing. ARGV: 2 the record that must be there, or ''; 3 the one that takes its place.
if redis.call('EXISTS', KEYS[1]) == 0 then return {'missing', false} end
local held = redis.call('GET', KEYS[2]) or ''
if held ~= ARGV[2] then return {'conflict', false} end
redis.call('SET', KEYS[2], ARGV[3])
return {'done', false}
