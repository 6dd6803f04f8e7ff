-- KEYS: log. ARGV: 1 from which position on; 2 how many entries. Answers with last positions, names, counts, times and batches.
local rows = {}
for i, entry in ipairs(redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2])) do
  local fields = entry[2]
  rows[i] = {string.match(entry[1], '^%d+'), fields[2], fields[4], fields[6], fields[8]}
end
return rows
