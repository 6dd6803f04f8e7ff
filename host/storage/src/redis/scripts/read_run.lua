-- KEYS: runs, ring. ARGV[1]: id. Answers with the record, if there is one, and whether it is starred.
local record = redis.call('HGET', KEYS[1], ARGV[1])
return {record, redis.call('ZSCORE', KEYS[2], ARGV[1]) and 0 or 1}
