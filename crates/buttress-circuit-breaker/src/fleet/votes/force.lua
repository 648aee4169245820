-- Orders all processes what to do with a breaker.
--
-- KEYS[1]  the order: a text of three numbers, "1 VERSION FORCE"
--            1        the version of this form
--            VERSION  microseconds of the server's clock, or one more than before if that is later: so an order is
--                     later than all before it, also than those that were lost with the data of a server
--            FORCE    what to do: 1 open, 2 closed, 3 off, 4 counting only, 5 by its own rules again
-- ARGV[1]  FORCE
-- ARGV[2]  for how many milliseconds it is kept if nobody is there who knows it
--
-- Answers VERSION.

local version = 0
local record = redis.call('GET', KEYS[1])
if record then
  local known = string.match(record, '^1 (%d+) %d+$')
  if not known then
    return redis.error_reply('RECORD this is no order of version 1')
  end
  version = tonumber(known) + 1
end

local time = redis.call('TIME')
version = math.max(version, tonumber(time[1]) * 1000000 + tonumber(time[2]))
redis.call('SET', KEYS[1], string.format('1 %.0f %s', version, ARGV[1]), 'PX', ARGV[2])
return version
