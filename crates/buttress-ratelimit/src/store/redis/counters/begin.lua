-- Every operation on every kind of record; what is asked most often of buckets has a script of its own.
--
-- This is how such a script begins. Then come the kinds of records that it knows, and how it ends: it is put together for each
-- kind, and for all of them, as a function that nobody needs is made all the same, each time.
--
-- KEYS[i]  the record of charge i
-- ARGV[1]  0 looks, 1 takes, 2 counts whether or not there is room, 3 gives back, 4 forgets, 5 renews permits that are there
--
-- and for charge i, from ARGV[7i - 5] on:
--   KIND   g, f, s, l or c, as below
--   COST   how much; for g in nanoseconds
--   MOST   how much there is; for g how far ahead a record may be
--   SPAN   the period; for g how far ahead a record ever is; for c how long a permit is held unless that is renewed
--   WHO    1 if it refuses nobody, else 0
--   TO     gives back: until when it counts, in seconds, or -1 if that is not known. For c: which permits
--   AND    the nanoseconds of it
--
-- Answers CODE, now in microseconds, and three numbers for each charge, as the record stands afterwards, or, if it counts, four:
-- the last says how much was counted, for g in nanoseconds. All are one string, eight bytes each, the highest first. CODE is -1 if it is refused; otherwise a sum of 2^(i-1) for each charge that refuses nobody and was
-- missed.
--
-- Records, of which the first byte is the version of this form; times are four bytes of seconds and four of
-- nanoseconds, counts are four bytes, the highest first:
--   g  2 TIME BOUND           when the bucket is full again; four bytes answers: how far ahead that is, 0, 0
--                             as `gcra.lua` tells, and it reads 1, too
--   f  1 TIME USED            when the window ends                      answers: how soon, used, 0
--   s  1 TIME NEWER OLDER     when the newer window began               answers: how long ago, newer, older
--   l  1 TIME...              when each came                            answers: how many, how long ago the newest came,
--                                                                       and the one that has to leave first
--   c  a sorted set           permits, by the microsecond of their end  answers: how many, 0, 0
--
-- Spans are nanoseconds. Numbers are doubles here, and whole up to 2^53, which is 104 days. All is read before anything is
-- written, and a refusal writes nothing but what it mends.

local call, pack, read = redis.call, struct.pack, struct.unpack
local time = call('TIME')
local second, nano, micro = time[1] + 0, time[2] * 1000, time[1] * 1000000 + time[2]
local op = ARGV[1] + 0
local LARGEST, FOREVER = 64, 4294967295

-- How long after now that is.
local function after(seconds, nanos)
  return (seconds - second) * 1e9 + nanos - nano
end

-- The time that is so long after now, as a record has it.
local function at(span)
  local nanos = nano + span
  local rest = nanos % 1e9
  return second + (nanos - rest) / 1e9, rest
end

-- The server forgets it then: a millisecond later at most.
local function put(key, record, span)
  call('SET', key, record, 'PX', string.format('%d', math.max(1, (span + 999999) / 1e6)))
end

local function invalid()
  error('RECORD this is no counter of a known version')
end

-- Each kind reads a record into a state, and says whether it is other than it was written; whether there is room; how to
-- add, and how much that was, and to remove; how it is written; and what is answered. Permits are no record that is read.

local kinds, permits = {}, {}
