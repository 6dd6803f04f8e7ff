-- KEYS: order, runs, ring. ARGV: 1, 2 bounds, the upper one first; 3 how many. Answers with ids, records and stars.
local ids = redis.call('ZREVRANGEBYLEX', KEYS[1], ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3])
local rows = {}
for i, id in ipairs(ids) do
  rows[i] = {id, redis.call('HGET', KEYS[2], id), redis.call('ZSCORE', KEYS[3], id) and 0 or 1}
end
return rows
