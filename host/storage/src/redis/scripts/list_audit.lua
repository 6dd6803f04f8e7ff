-- KEYS: order, entries. ARGV: 1 upper bound; 2 how many. Answers with ids and records, newest first.
local rows = {}
for i, id in ipairs(redis.call('ZREVRANGEBYLEX', KEYS[1], ARGV[1], '-', 'LIMIT', 0, ARGV[2])) do
  rows[i] = {id, redis.call('HGET', KEYS[2], id)}
end
return rows
