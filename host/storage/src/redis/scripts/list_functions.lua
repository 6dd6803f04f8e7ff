-- KEYS: names, functions. ARGV: 1, 2 bounds; 3 how many. Answers with names and records, in order.
local names = redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3])
local rows = {}
for i, name in ipairs(names) do
  rows[i] = {name, redis.call('HGET', KEYS[2], name)}
end
return rows
