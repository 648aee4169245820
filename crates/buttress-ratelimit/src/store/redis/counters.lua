-- Every operation on every kind of record; what is asked most often has a script of its own.
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
-- Answers CODE, now in microseconds, and three numbers for each charge, as the record stands afterwards: one string, eight bytes
-- each, the highest first. CODE is -1 if it is refused; otherwise a sum of 2^(i-1) for each charge that refuses nobody and was
-- missed.
--
-- Records, of which the first byte is the version of this form, 1; times are four bytes of seconds and four of
-- nanoseconds, counts are four bytes, the highest first:
--   g  1 TIME                 when the bucket is full again             answers: how far ahead that is, 0, 0
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
  error('RECORD this is no counter of version 1')
end

-- Each kind reads a record into a state, and says whether it is other than it was written; whether there is room; how to
-- add and to remove; how it is written; and what is answered.

local g = {}
function g.read(record, c)
  if not record then return { 0 } end
  if #record ~= 9 then invalid() end
  local _, seconds, nanos = read('>BI4I4', record)
  local ahead = math.max(0, after(seconds, nanos))
  return { math.min(ahead, c.span) }, ahead > c.span
end
function g.room(s, c) return s[1] + c.cost <= c.most end
function g.add(s, c) s[1] = math.min(s[1] + c.cost, c.span) end
function g.remove(s, c)
  local left = c.to and math.max(0, c.to) or c.cost
  s[1] = s[1] - math.min(c.cost, left, s[1])
end
function g.write(s)
  if s[1] <= 0 then return end
  local seconds, nanos = at(s[1])
  return pack('>BI4I4', 1, seconds, nanos), s[1]
end
function g.answer(s) return s[1], 0, 0 end

local f = {}
function f.read(record, c)
  if not record then return { 0, 0 } end
  if #record ~= 13 then invalid() end
  local _, seconds, nanos, used = read('>BI4I4I4', record)
  local left = after(seconds, nanos)
  if left <= 0 or used == 0 then return { 0, 0 } end
  return { math.min(left, c.span), used }, left > c.span
end
function f.room(s, c) return s[2] + c.cost <= c.most end
function f.add(s, c)
  if s[2] == 0 then s[1] = c.span end
  s[2] = math.min(s[2] + c.cost, FOREVER)
end
function f.remove(s, c)
  if not c.to or c.to == s[1] then s[2] = math.max(0, s[2] - c.cost) end
end
function f.write(s)
  if s[2] == 0 then return end
  local seconds, nanos = at(s[1])
  return pack('>BI4I4I4', 1, seconds, nanos, s[2]), s[1]
end
function f.answer(s) return s[1], s[2], 0 end

local s = {}
function s.read(record, c)
  if not record then return { 0, 0, 0 } end
  if #record ~= 17 then invalid() end
  local _, seconds, nanos, newer, older = read('>BI4I4I4I4', record)
  local ago = -after(seconds, nanos)
  local back = ago < 0
  ago = math.max(0, ago)
  if ago >= c.span then
    older = ago - c.span < c.span and newer or 0
    newer, ago = 0, ago - c.span
  end
  if newer == 0 and older == 0 then return { 0, 0, 0 } end
  return { ago, newer, older }, back
end
function s.room(s, c)
  return s[3] * math.max(0, c.span - s[1]) <= (c.most - s[2] - c.cost) * c.span
end
function s.add(s, c)
  if s[2] == 0 and s[3] == 0 then s[1] = 0 end
  s[2] = math.min(s[2] + c.cost, FOREVER)
end
function s.remove(s, c)
  if not c.to or c.to == 2 * c.span - s[1] then
    s[2] = math.max(0, s[2] - c.cost)
  elseif c.to == c.span - s[1] then
    s[3] = math.max(0, s[3] - c.cost)
  end
end
function s.write(s, c)
  if s[2] == 0 and s[3] == 0 then return end
  local seconds, nanos = at(-s[1])
  return pack('>BI4I4I4I4', 1, seconds, nanos, s[2], s[3]), (s[2] == 0 and 1 or 2) * c.span - s[1]
end
function s.answer(s) return s[1], s[2], s[3] end

local l = {}
function l.read(record, c)
  local state, mend = {}, false
  if not record then return state end
  if #record % 8 ~= 1 or #record > 8 * LARGEST + 1 then invalid() end
  for place = 2, #record, 8 do
    local seconds, nanos = read('>I4I4', record, place)
    local ago = -after(seconds, nanos)
    mend = mend or ago < 0
    if ago < c.span then state[#state + 1] = math.max(0, ago) end
  end
  return state, mend
end
function l.room(s, c) return #s + c.cost <= c.most end
function l.add(s, c)
  for _ = 1, math.min(c.cost, LARGEST) do
    if #s == LARGEST then table.remove(s, 1) end
    s[#s + 1] = 0
  end
end
function l.remove(s, c)
  local came, left = c.to and c.span - c.to or s[#s], c.cost
  for place = #s, 1, -1 do
    if s[place] == came and left > 0 then
      table.remove(s, place)
      left = left - 1
    end
  end
end
function l.write(s, c)
  if #s == 0 then return end
  local record = { '\1' }
  for place = 1, #s do
    local seconds, nanos = at(-s[place])
    record[place + 1] = pack('>I4I4', seconds, nanos)
  end
  return table.concat(record), c.span - s[#s]
end
function l.answer(s, c)
  local leaves = s[math.max(1, #s + c.cost - c.most)]
  return #s, s[#s] or 0, leaves or 0
end

local kinds = { g = g, f = f, s = s, l = l }

-- Permits are a set, which is changed and not written anew.
local c = {}
function c.held(key) return call('ZCOUNT', key, '(' .. string.format('%.0f', micro), '+inf') end
function c.ends(o) return string.format('%.0f', micro + math.ceil(o.span / 1000)) end
function c.add(key, o)
  local ends = c.ends(o)
  call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', micro))
  for permit = 1, o.cost do
    call('ZADD', key, ends, o.who_has .. ':' .. permit)
  end
  call('PEXPIRE', key, string.format('%d', (o.span + 999999) / 1e6))
end
function c.renew(key, o)
  for permit = 1, o.cost do
    call('ZADD', key, 'XX', c.ends(o), o.who_has .. ':' .. permit)
  end
  call('PEXPIRE', key, string.format('%d', (o.span + 999999) / 1e6))
end
function c.remove(key, o)
  for permit = 1, o.cost do
    call('ZREM', key, o.who_has .. ':' .. permit)
  end
end

local answer, states, refused, fits = { 0, micro }, {}, false, {}

for i, key in ipairs(KEYS) do
  local from = 7 * i - 5
  local o = {
    kind = kinds[ARGV[from]], cost = ARGV[from + 1] + 0, most = ARGV[from + 2] + 0, span = ARGV[from + 3] + 0,
    optional = ARGV[from + 4] == '1', who_has = ARGV[from + 5],
  }
  if o.kind then
    local seconds = o.who_has + 0
    o.to = seconds >= 0 and after(seconds, ARGV[from + 6] + 0) or nil
    local record = call('GET', key)
    if record and string.byte(record) ~= 1 then invalid() end
    o.state, o.mend = o.kind.read(record, o)
    o.stood = record
    fits[i] = o.kind.room(o.state, o)
  else
    o.held = c.held(key)
    fits[i] = o.held + o.cost <= o.most
  end
  states[i] = o
  if not fits[i] and not o.optional then refused = true end
end

if refused and op < 2 then answer[1] = -1 end

for i, key in ipairs(KEYS) do
  local o = states[i]
  local adds = op == 2 or op == 1 and not refused and fits[i]
  if op < 2 and not refused and not fits[i] then answer[1] = answer[1] + 2 ^ (i - 1) end
  if op == 4 then
    call('DEL', key)
    if o.kind then o.state = o.kind.read(false, o) else o.held = 0 end
  elseif not o.kind then
    if adds then
      c.add(key, o)
      o.held = o.held + o.cost
    elseif op == 3 then
      c.remove(key, o)
    elseif op == 5 then
      c.renew(key, o)
    end
  elseif adds or op == 3 or o.mend and op > 0 then
    if adds then o.kind.add(o.state, o) elseif op == 3 then o.kind.remove(o.state, o) end
    local record, span = o.kind.write(o.state, o)
    if record then put(key, record, span) elseif o.stood then call('DEL', key) end
  end
  local first = 3 * i
  if o.kind then
    answer[first], answer[first + 1], answer[first + 2] = o.kind.answer(o.state, o)
  else
    answer[first], answer[first + 1], answer[first + 2] = o.held, 0, 0
  end
end
return pack('>' .. string.rep('i8', #answer), unpack(answer))
