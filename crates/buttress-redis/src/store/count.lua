-- Counts in a window that begins with its first count, and ends by itself.
--
-- KEYS[1]  the record, which the server forgets at the end of its window
-- ARGV[1]  how much to count, a whole number; with 0 it only looks
-- ARGV[2]  how long a window is that begins now, in milliseconds
--
-- Answers { total, milliseconds until the window ends }; { 0, 0 } if there is none.
--
-- The record is a text of three numbers, "1 UNTIL TOTAL":
--   1      the version of this form
--   UNTIL  when the window ends, in milliseconds of the server's clock
--   TOTAL  what was counted so far
--
-- Numbers are doubles here: whole up to MOST, where a total stops. It is read before anything is written, so what
-- cannot be done is not half done.

local MOST = 9007199254740991

local by, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local total, ends = 0, now + window
local record = redis.call('GET', KEYS[1])
if record then
  local known_until, known_total = string.match(record, '^1 (%d+) (%d+)$')
  if not known_until then
    return redis.error_reply('RECORD this is no counter of version 1')
  end
  -- The record of a window that is over may still stand: the server forgets when it has the time.
  if tonumber(known_until) > now then
    total, ends = tonumber(known_total), tonumber(known_until)
  else
    record = false
  end
end

if by == 0 then
  return { total, record and ends - now or 0 }
end

-- Not `total + by`, which would be rounded beyond MOST.
if by > MOST - total then
  total = MOST
else
  total = total + by
end
redis.call('SET', KEYS[1], string.format('1 %.0f %.0f', ends, total), 'PXAT', string.format('%.0f', ends))
return { total, ends - now }
