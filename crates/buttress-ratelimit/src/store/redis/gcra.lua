-- Takes from buckets that refill all the time: the common case, in as few steps as there are.
--
-- KEYS  the records of all charges of the first who asks, then those of the next
-- ARGV  of each who asks: a byte, 1 to take, 0 to look; and for each charge four numbers, eight bytes each, the highest first:
--   PRICE     by how much it moves its record ahead
--   MOST      how far ahead that may be afterwards
--   FURTHEST  how far ahead it ever is, as long as all processes have this quota
--   MORE      0; or -1 if it refuses nobody; or by how much to move it ahead if it may be a lease, and there is room
--
-- Who asks is answered CODE, now in microseconds, and how far ahead each record is: afterwards, or, if nothing was taken, as it
-- stands. CODE is -1 if it is refused, and -2 if a record is none of this form: then nothing was taken. Otherwise it is a sum:
-- 2^(i-1) for each charge that refuses nobody and was missed, and 256 * 2^(i-1) for each lease that was granted. All are one
-- string, eight bytes each, the highest first, as a list costs the server more. If several ask, it is a list of such answers:
-- they are decided in turn, each as if alone, and each finds what those before it have written.
--
-- The record says when the bucket is full again, on the server's clock, in thirteen bytes:
--   2        the version of this form
--   SECONDS  four bytes, the highest first
--   NANOS    four bytes, the highest first
--   BOUND    four bytes, the highest first: FURTHEST of who wrote it, in tenths of a second, rounded up
-- The form 1 had no BOUND, and is read, too.
--
-- A record that is further ahead than BOUND and FURTHEST tells of a clock that was set back, and is mended. One that is further
-- than FURTHEST alone is of a process with a larger quota: it refuses, is answered as FURTHEST, and stays as it is, or else
-- what that process has counted would be forgotten with each refusal.
--
-- Spans are nanoseconds. Numbers are doubles here, and whole up to 2^53, which is 104 days. Of each who asks all is read before
-- anything is written, and a refusal writes nothing but what it mends.

-- Locals are found faster than globals, and this is asked often. Functions would be made anew each time.
local call, pack, read, digits, keys, asks = redis.call, struct.pack, struct.unpack, string.format, KEYS, ARGV
local try, time, NONE = redis.pcall, call('TIME'), '\0\0\0\0\0\0\0\0\0\0\0\0\0'
local second, micro = time[1] + 0, time[2] + 0
local now, nano = second * 1e6 + micro, micro * 1000
local answer, answers, first = nil, asks[2] and {}, 1

for turn = 1, #asks do
  local ask, code = asks[turn], 0
  local op, price, most, furthest, more = read('>BI8I8I8i8', ask)
  if #ask == 33 and op == 1 and more == 0 then
    -- From one bucket, without a lease, and it may be refused: what is asked most does without tables.
    local key = keys[first]
    -- What is no string is an error here, and would be one of all who ask.
    local record, stood, bound = try('GET', key), 0, 0
    if record then
      local version, seconds, nanos, tenths = read('>BI4I4I4', #record == 13 and record or NONE)
      if version ~= 2 then
        if #record == 9 then version, seconds, nanos = read('>BI4I4', record) end
        if version ~= 1 or #record ~= 9 then code = -2 end
      end
      bound = tenths
      stood = (seconds - second) * 1e9 + nanos - nano
      if stood < 0 then stood = 0 end
    end
    local ahead = stood + price
    if ahead > most and code == 0 then
      code, ahead = -1, stood
      if stood > furthest then
        ahead = furthest
        if stood <= bound * 1e8 then stood = ahead end
      end
    end
    if ahead ~= stood and code > -2 then
      local nanos = nano + ahead
      local rest = nanos % 1e9
      -- The server forgets it when the bucket is full: a millisecond later at most.
      local next = pack('>BI4I4I4', 2, second + (nanos - rest) / 1e9, rest, furthest / 1e8 + 1)
      call('PSETEX', key, digits('%d', (ahead + 999999) / 1e6), next)
    end
    answer, first = pack('>i8i8i8', code, now, ahead), first + 1
  else
    local count, refused, mend, invalid = (#ask - 1) / 32, false, nil, false
    -- How far ahead records are, once they are read, and would be: a table that has a size at once need not grow.
    local stood, moved = call('MGET', unpack(keys, first, first + count - 1)), { 0, 0, 0, 0 }
    for i = 1, count do
      if i > 1 then price, most, furthest, more = read('>I8I8I8i8', ask, 32 * i - 30) end
      local record, ahead = stood[i], 0
      if record then
        local version, seconds, nanos, bound = read('>BI4I4I4', #record == 13 and record or NONE)
        if version ~= 2 then
          if #record == 9 then version, seconds, nanos = read('>BI4I4', record) end
          if version ~= 1 or #record ~= 9 then invalid = true end
        end
        ahead = (seconds - second) * 1e9 + nanos - nano
        if ahead < 0 then
          ahead = 0
        elseif ahead > furthest then
          if ahead > bound * 1e8 then
            mend = mend or {}
            mend[i] = true
          end
          ahead = furthest
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
    if refused or invalid then
      code, moved = invalid and -2 or -1, stood
    end
    if op == 1 and not invalid then
      for i = 1, count do
        local after = moved[i]
        if after > stood[i] or mend and mend[i] then
          local nanos = nano + after
          local rest = nanos % 1e9
          furthest = read('>I8', ask, 32 * i - 14)
          local record = pack('>BI4I4I4', 2, second + (nanos - rest) / 1e9, rest, furthest / 1e8 + 1)
          call('PSETEX', keys[first + i - 1], digits('%d', (after + 999999) / 1e6), record)
        end
      end
    else
      moved = stood
    end
    answer = pack(('>i8i8i8i8i8i8i8i8i8i8'):sub(1, 2 * count + 5), code, now, unpack(moved, 1, count))
    first = first + count
  end
  if answers then answers[turn] = answer end
end
return answers or answer
