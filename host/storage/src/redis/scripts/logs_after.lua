-- KEYS: log. ARGV: 1 from which position on; 2 bytes, one entry at least. Answers with last positions, counts, times and batches.
local rows, bytes, from = {}, 0, ARGV[1]
while bytes < tonumber(ARGV[2]) do
  local entries = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', 16)
  if #entries == 0 then break end
  for _, entry in ipairs(entries) do
    local last, fields = string.match(entry[1], '^%d+'), entry[2]
    rows[#rows + 1] = {last, fields[4], fields[6], fields[8]}
    bytes = bytes + #fields[8]
    from = string.format('%.0f', tonumber(last) + 1)
    if bytes >= tonumber(ARGV[2]) then break end
  end
end
return rows
