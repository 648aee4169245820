-- Takes from buckets that refill all the time: the common case, in as few steps as there are.
--
-- KEYS[i]        the record of charge i
-- ARGV[1]        1 to take, 0 to look
-- ARGV[4i - 2]   by how much charge i moves its record ahead
-- ARGV[4i - 1]   how far ahead it may be afterwards
-- ARGV[4i]       how far ahead it ever is: further if the clock was set back, or the limit made smaller, and then it is mended
-- ARGV[4i + 1]   0; or -1 if it refuses nobody; or by how much to move it ahead if it may be a lease, and there is room
--
-- Answers { CODE, now in microseconds, how far ahead each record is }: afterwards, or, if nothing was taken, as it stands.
-- CODE is -1 if it is refused. Otherwise it is a sum: 2^(i-1) for each charge that refuses nobody and was missed, and
-- 256 * 2^(i-1) for each lease that was granted.
--
-- The record says when the bucket is full again, on the server's clock, in nine bytes:
--   1        the version of this form
--   SECONDS  four bytes, the highest first
--   NANOS    four bytes, the highest first
--
-- Spans are nanoseconds. Numbers are doubles here, and whole up to 2^53, which is 104 days. All is read before anything is
-- written, and a refusal writes nothing but what it mends.

-- Locals are found faster than globals, and this is asked often.
local call, keys, args = redis.call, KEYS, ARGV
local count = #keys
local time, records = call('TIME'), call('MGET', unpack(keys))
local second, nano = time[1] + 0, time[2] * 1000
local answer = { 0, time[1] * 1000000 + time[2] }
local refused, mend = false, false

for i = 1, count do
  local record, ahead, at = records[i], 0, 4 * i
  if record then
    local version, seconds, nanos = struct.unpack('>BI4I4', #record == 9 and record or '\0\0\0\0\0\0\0\0\0')
    if version ~= 1 then
      return redis.error_reply('RECORD this is no bucket of version 1')
    end
    ahead = (seconds - second) * 1e9 + nanos - nano
    if ahead < 0 then
      ahead = 0
    elseif ahead > args[at] + 0 then
      ahead, mend = args[at] + 0, true
    end
  end
  answer[i + 2] = ahead
  if ahead + args[at - 2] > args[at - 1] + 0 then
    if args[at + 1] == '-1' then
      answer[1] = answer[1] + 2 ^ (i - 1)
    else
      refused = true
    end
  end
end

if refused then
  answer[1] = -1
end
if args[1] == '0' or refused and not mend then
  return answer
end

local pack, format = struct.pack, string.format
for i = 1, count do
  local at, ahead = 4 * i, answer[i + 2]
  local more, moved = args[at + 1], ahead + args[at - 2]
  if refused then
    moved = ahead
  elseif more ~= '0' then
    if more ~= '-1' and ahead + more <= args[at - 1] + 0 then
      moved = ahead + more
      answer[1] = answer[1] + 2 ^ (i + 7)
    elseif moved > args[at - 1] + 0 then
      moved = ahead
    end
  end
  if moved > ahead or mend and moved > 0 then
    answer[i + 2] = moved
    local nanos = nano + moved
    local rest = nanos % 1e9
    -- The server forgets it when the bucket is full: a millisecond later at most.
    call('SET', keys[i], pack('>BI4I4', 1, second + (nanos - rest) / 1e9, rest), 'PX', format('%d', (moved + 999999) / 1e6))
  end
end
return answer
