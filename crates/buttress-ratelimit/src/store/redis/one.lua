-- Takes from one bucket: what `gcra.lua` does, for the commonest call of all.
--
-- KEYS[1]  the record, as described there
-- ARGV[1]  by how much the charge moves it ahead
-- ARGV[2]  how far ahead it may be afterwards
-- ARGV[3]  how far ahead it ever is
--
-- Answers { 0 or -1, now in microseconds, how far ahead the record is }, as described there.

local call = redis.call
local time, record = call('TIME'), call('GET', KEYS[1])
local second, nano, ahead = time[1], time[2] * 1000, 0
if record then
  local version, seconds, nanos = struct.unpack('>BI4I4', #record == 9 and record or '\0\0\0\0\0\0\0\0\0')
  if version ~= 1 then
    return redis.error_reply('RECORD this is no bucket of version 1')
  end
  ahead = (seconds - second) * 1e9 + nanos - nano
  if ahead < 0 then
    ahead = 0
  end
end
local code, moved = 0, ahead + ARGV[1]
if moved > ARGV[2] + 0 then
  if ahead <= ARGV[3] + 0 then
    return { -1, time[1] * 1000000 + time[2], ahead }
  end
  code, moved = -1, ARGV[3] + 0
end
if moved == 0 then
  return { 0, time[1] * 1000000 + time[2], 0 }
end
local nanos = nano + moved
local rest = nanos % 1e9
call('SET', KEYS[1], struct.pack('>BI4I4', 1, second + (nanos - rest) / 1e9, rest), 'PX', string.format('%d', (moved + 999999) / 1e6))
return { code, time[1] * 1000000 + time[2], moved }
