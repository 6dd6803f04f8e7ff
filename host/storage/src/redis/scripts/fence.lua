-- Comes before every script that writes. ARGV[1]: the server's time in milliseconds after which nobody waits for this any more.
-- Nothing is done then: the caller has told its own caller that nothing was done.
local now = redis.call('TIME')
if tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000) > tonumber(ARGV[1]) then
  return redis.error_reply('EXPIRED the caller has given up')
end

