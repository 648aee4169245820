-- Casts the vote of a member about a breaker, or takes it back.
--
-- KEYS[1]  the votes: a hash of members, each with a text of three numbers, "1 CAST ENDS"
--            1     the version of this form
--            CAST  when it was cast, in milliseconds of the server's clock
--            ENDS  until when it counts
-- ARGV[1]  the member
-- ARGV[2]  for how many milliseconds it counts; 0 takes it back
--
-- Answers 1. A vote that is over may still stand: whoever counts looks when it ends.

local lasts = tonumber(ARGV[2])
if lasts == 0 then
  redis.call('HDEL', KEYS[1], ARGV[1])
  return 1
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local stays = redis.call('PTTL', KEYS[1])
redis.call('HSET', KEYS[1], ARGV[1], string.format('1 %.0f %.0f', now, now + lasts))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(stays, lasts)))
return 1
