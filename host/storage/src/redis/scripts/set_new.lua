-- KEYS: one. ARGV[2]: its value. Answers with the value that is there already.
local held = redis.call('GET', KEYS[1])
if held then return {'exists', held} end
redis.call('SET', KEYS[1], ARGV[2])
return {'done', false}
