-- KEYS: heads, latest. ARGV[1]: host. Answers with the end of its chain and of the other that was written to last, each with its host.
local rows = {}
local own = redis.call('HGET', KEYS[1], ARGV[1])
if own then rows[1] = {ARGV[1], own} end
for _, host in ipairs(redis.call('ZREVRANGE', KEYS[2], 0, 1)) do
  local head = host ~= ARGV[1] and redis.call('HGET', KEYS[1], host)
  if head then
    rows[#rows + 1] = {host, head}
    break
  end
end
return rows
