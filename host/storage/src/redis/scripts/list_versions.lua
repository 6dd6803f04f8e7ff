-- KEYS: numbers, versions. ARGV: 1, 2 bounds, the upper one first; 3 how many; 4 function. Answers with ids and records.
local members = redis.call('ZREVRANGEBYLEX', KEYS[1], ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3])
local rows = {}
for i, member in ipairs(members) do
  local id = string.match(member, '%S+$')
  rows[i] = {id, redis.call('HGET', KEYS[2], ARGV[4] .. ' ' .. id)}
end
return rows
