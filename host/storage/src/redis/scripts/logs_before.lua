-- KEYS: log. ARGV: 1 before which position, or nothing; 2 bytes, one entry at least. Answers with last positions, counts, times and
-- batches, newest first.
local rows, bytes, to = {}, 0, '+'
local function take(entry)
  local last, fields = string.match(entry[1], '^%d+'), entry[2]
  rows[#rows + 1] = {last, fields[4], fields[6], fields[8]}
  bytes = bytes + #fields[8]
  to = string.format('%.0f', tonumber(last) - 1)
end
if ARGV[1] ~= '' then
  -- The one that it lies in, if it is not that one's first.
  local edge = redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', 1)[1]
  local last = edge and tonumber(string.match(edge[1], '^%d+'))
  if edge and last - tonumber(edge[2][4]) + 1 < tonumber(ARGV[1]) then take(edge) end
  to = string.format('%.0f', tonumber(ARGV[1]) - 1)
end
while bytes < tonumber(ARGV[2]) do
  local entries = redis.call('XREVRANGE', KEYS[1], to, '-', 'COUNT', 16)
  if #entries == 0 then break end
  for _, entry in ipairs(entries) do
    take(entry)
    if bytes >= tonumber(ARGV[2]) then break end
  end
end
return rows
