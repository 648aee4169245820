-- Takes from one bucket: what `gcra.lua` does, for the commonest call of all.
--
-- KEYS[1]  the record, as described there
-- ARGV[1]  by how much the charge moves it ahead, how far ahead it may be afterwards, and how far ahead it ever is: eight bytes
--          each, the highest first
--
-- Answers 0 or -1, now in microseconds, and how far ahead the record is, as described there.
--
-- Each word that is sent, and each value that is made, can be seen in what a server decides in a second: so numbers come and go in one
-- string, and `PSETEX` is shorter than `SET`.

local call, pack, unpack = redis.call, struct.pack, struct.unpack
local time, record = call('TIME'), call('GET', KEYS[1])
local second, micro = time[1] + 0, time[2] + 0
local price, most, furthest = unpack('>I8I8I8', ARGV[1])
local nano, ahead = micro * 1000, 0
if record then
  local version, seconds, nanos = unpack('>BI4I4', #record == 9 and record or '\0\0\0\0\0\0\0\0\0')
  if version ~= 1 then
    return redis.error_reply('RECORD this is no bucket of version 1')
  end
  ahead = (seconds - second) * 1e9 + nanos - nano
  if ahead < 0 then
    ahead = 0
  end
end
local code, moved = 0, ahead + price
if moved > most then
  if ahead <= furthest then
    return pack('>i8i8i8', -1, second * 1e6 + micro, ahead)
  end
  code, moved = -1, furthest
end
if moved > 0 then
  local nanos = nano + moved
  local rest = nanos % 1e9
  local record = pack('>BI4I4', 1, second + (nanos - rest) / 1e9, rest)
  call('PSETEX', KEYS[1], string.format('%d', (moved + 999999) / 1e6), record)
end
return pack('>i8i8i8', code, second * 1e6 + micro, moved)
