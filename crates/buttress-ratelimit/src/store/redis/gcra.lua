-- Takes from buckets that refill all the time: the common case, in as few steps as there are.
--
-- KEYS[i]   the record of charge i
-- ARGV[1]   a byte, 1 to take, 0 to look; and for each charge four numbers, eight bytes each, the highest first:
--   PRICE     by how much it moves its record ahead
--   MOST      how far ahead that may be afterwards
--   FURTHEST  how far ahead it ever is: further if the clock was set back, or the limit made smaller, and then it is mended
--   MORE      0; or -1 if it refuses nobody; or by how much to move it ahead if it may be a lease, and there is room
--
-- Answers CODE, now in microseconds, and how far ahead each record is: afterwards, or, if nothing was taken, as it stands. CODE is
-- -1 if it is refused. Otherwise it is a sum: 2^(i-1) for each charge that refuses nobody and was missed, and 256 * 2^(i-1) for
-- each lease that was granted. All are one string, eight bytes each, the highest first, as a list costs the server more.
--
-- The record says when the bucket is full again, on the server's clock, in nine bytes:
--   1        the version of this form
--   SECONDS  four bytes, the highest first
--   NANOS    four bytes, the highest first
--
-- Spans are nanoseconds. Numbers are doubles here, and whole up to 2^53, which is 104 days. All is read before anything is
-- written, and a refusal writes nothing but what it mends.

-- Locals are found faster than globals, and this is asked often.
local call, pack, read, keys, all = redis.call, struct.pack, struct.unpack, KEYS, ARGV[1]
local count = #keys
local time, records = call('TIME'), call('MGET', unpack(keys))
local second, micro = time[1] + 0, time[2] + 0
local now, nano = second * 1e6 + micro, micro * 1000
local form = ('>i8i8i8i8i8i8i8i8i8i8'):sub(1, 2 * count + 5)
local code, refused, mend = 0, false, false
-- How far ahead records are, and would be; tables that have a size at once need not grow.
local stood, moved = { 0, 0, 0, 0 }, { 0, 0, 0, 0 }

for i = 1, count do
  local price, most, furthest, more = read('>I8I8I8i8', all, 32 * i - 30)
  local record, ahead = records[i], 0
  if record then
    local version, seconds, nanos = read('>BI4I4', #record == 9 and record or '\0\0\0\0\0\0\0\0\0')
    if version ~= 1 then
      return redis.error_reply('RECORD this is no bucket of version 1')
    end
    ahead = (seconds - second) * 1e9 + nanos - nano
    if ahead < 0 then
      ahead = 0
    elseif ahead > furthest then
      ahead, mend = furthest, true
    end
  end
  local after = ahead + price
  if after <= most then
    if more > 0 and ahead + more <= most then
      after = ahead + more
      code = code + 2 ^ (i + 7)
    end
  elseif more == -1 then
    after = ahead
    code = code + 2 ^ (i - 1)
  else
    refused = true
  end
  stood[i], moved[i] = ahead, after
end

if refused then
  code, moved = -1, stood
end
if string.byte(all) == 0 or refused and not mend then
  return pack(form, code, now, unpack(stood, 1, count))
end
for i = 1, count do
  local after = moved[i]
  if after > stood[i] or mend and after > 0 then
    local nanos = nano + after
    local rest = nanos % 1e9
    local record = pack('>BI4I4', 1, second + (nanos - rest) / 1e9, rest)
    -- The server forgets it when the bucket is full: a millisecond later at most.
    call('PSETEX', keys[i], string.format('%d', (after + 999999) / 1e6), record)
  end
end
return pack(form, code, now, unpack(moved, 1, count))
