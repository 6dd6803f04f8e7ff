-- KEYS: tenant, log, sizes. ARGV: 2 name of the batch; 3 its record; 4 how many records are in it; 5 whether it may be there already;
-- 6 bytes, 7 records, 8 milliseconds that are kept. An entry's id is the position of its last record.
if redis.call('EXISTS', KEYS[1]) == 0 then return {'missing', false} end
if ARGV[5] == '1' then
  for _, entry in ipairs(redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 32)) do
    if entry[2][2] == ARGV[2] then return {'exists', false} end
  end
end
local ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
local first = tonumber(redis.call('HGET', KEYS[3], 'next') or tonumber(now[1]) * 1000000 + tonumber(now[2]))
local last = first + tonumber(ARGV[4]) - 1
redis.call('XADD', KEYS[2], string.format('%.0f-0', last), 'id', ARGV[2], 'n', ARGV[4], 'at', ms, 'batch', ARGV[3])
redis.call('HSET', KEYS[3], 'next', string.format('%.0f', last + 1))
redis.call('HSETNX', KEYS[3], 'oldest', ms)
local bytes = redis.call('HINCRBY', KEYS[3], 'bytes', #ARGV[3])
local records = redis.call('HINCRBY', KEYS[3], 'records', ARGV[4])
local oldest = tonumber(redis.call('HGET', KEYS[3], 'oldest'))
local trimmed = false
while bytes > tonumber(ARGV[6]) or records > tonumber(ARGV[7]) or oldest <= ms - tonumber(ARGV[8]) do
  local entries = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 2)
  -- The newest stays, however large it is.
  if #entries < 2 then break end
  local fields = entries[1][2]
  redis.call('XDEL', KEYS[2], entries[1][1])
  bytes = redis.call('HINCRBY', KEYS[3], 'bytes', -#fields[8])
  records = redis.call('HINCRBY', KEYS[3], 'records', -tonumber(fields[4]))
  oldest = tonumber(entries[2][2][6])
  trimmed = true
end
if trimmed then redis.call('HSET', KEYS[3], 'oldest', oldest) end
redis.call('PEXPIRE', KEYS[2], ARGV[8])
redis.call('PEXPIRE', KEYS[3], ARGV[8])
return {'done', false}
