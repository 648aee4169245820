-- Counts the processes that share limits, by who has been heard of lately.
--
-- KEYS[1]  a sorted set of names, by the millisecond at which each was heard of last
-- ARGV[1]  who says so
-- ARGV[2]  after how many milliseconds of silence a process is gone; 0 says that this one goes
--
-- Answers how many there are.

local time = redis.call('TIME')
local now, silence = time[1] * 1000 + math.floor(time[2] / 1000), ARGV[2] + 0

if silence == 0 then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - silence))
  -- Who was heard of later than now was by a clock that was set back since, and says again that it is there, if it is.
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', now), '+inf')
  redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return redis.call('ZCARD', KEYS[1])
