-- Tells the processes that share limits of bans, and hears what others have told.
--
-- KEYS[1]  who was banned, by the microsecond from which on it means nothing
-- KEYS[2]  what is known of each: '1 BEGAN LENGTH STEPS LIFTED ROOM'
-- KEYS[3]  the same names, by the number of the change that came last
-- ARGV[1]  the last change that the process has heard of
-- ARGV[2]  how many names there are at most
-- ARGV[3]  how many changes are answered at most
-- Then of each that is told: NAME, how long ago it BEGAN or was lifted, its LENGTH, or 0 if it was lifted, its STEPS, how long
-- until the quota has ROOM again, and for how long it is to be KEPT.
--
-- Answers { the last change that is told here, 1 if there are more, { NAME, how long ago it BEGAN, LENGTH, STEPS, how long
-- ago it was LIFTED, or -1, how long until there is ROOM } of each }.
--
-- Times are microseconds. What is no record of this form is passed over. To tell something twice changes nothing.

local call, MOST = redis.call, 2 ^ 53
local time = call('TIME')
local now = time[1] * 1000000 + time[2]
local kept, bans, changes = KEYS[1], KEYS[2], KEYS[3]

local function whole(number) return string.format('%.0f', number) end

local function forget(name)
  call('ZREM', kept, name)
  call('HDEL', bans, name)
  call('ZREM', changes, name)
end

local function read(name)
  local record = call('HGET', bans, name)
  local began, length, steps, lifted, room = string.match(record or '', '^1 (%d+) (%d+) (%d+) (%d+) (%d+)$')
  if not began then return end
  local b = { began = began + 0, length = length + 0, steps = steps + 0, lifted = lifted + 0, room = room + 0 }
  if math.max(b.began, b.length, b.steps, b.lifted, b.room) < MOST then return b end
end

local function last(key) return (call('ZREVRANGE', key, 0, 0, 'WITHSCORES')[2] or 0) + 0 end

for _, name in ipairs(call('ZRANGEBYSCORE', kept, '-inf', whole(now), 'LIMIT', 0, 1000)) do
  forget(name)
end

-- Numbers of changes are times, so that they go on where a server has lost its data. What is a day ahead is none of ours.
call('ZREMRANGEBYSCORE', changes, whole(now + 86400e6), '+inf')
local change, after = last(changes), ARGV[1] + 0
if after > change then after = 0 end
change = math.max(change, now)

for at = 4, #ARGV, 6 do
  local name, at_time, length = ARGV[at], now - ARGV[at + 1], ARGV[at + 2] + 0
  local steps, room, keep = ARGV[at + 3] + 0, now + ARGV[at + 4], math.min(now + ARGV[at + 5], MOST)
  local known = read(name)
  local b = known or { began = 0, length = 0, steps = 0, lifted = 0, room = 0 }
  if length == 0 then
    b = { began = 0, length = 0, steps = 0, lifted = math.max(b.lifted, at_time), room = 0 }
  elseif b.lifted < at_time then
    -- Of two bans the one that ends later holds.
    if at_time + length > b.began + b.length then b.began, b.length = at_time, length end
    b.steps, b.room = math.max(b.steps, steps), math.max(b.room, room)
  end
  if not known and call('ZCARD', kept) >= ARGV[2] + 0 then
    forget(call('ZRANGE', kept, 0, 0)[1] or '')
  end
  change = change + 1
  call('ZADD', kept, whole(math.max(keep, (call('ZSCORE', kept, name) or 0) + 0)), name)
  local numbers = { '1', whole(b.began), whole(b.length), whole(b.steps), whole(b.lifted), whole(b.room) }
  call('HSET', bans, name, table.concat(numbers, ' '))
  call('ZADD', changes, whole(change), name)
end

if #ARGV > 3 then
  -- The server forgets all of it with the last of them: a millisecond later at most.
  local ends = string.format('%.0f', math.ceil(math.min(last(kept), MOST) / 1000))
  for _, key in ipairs(KEYS) do call('PEXPIREAT', key, ends) end
end

local answer, page = { after, 0 }, ARGV[3] + 0
local heard = call('ZRANGEBYSCORE', changes, '(' .. whole(after), '+inf', 'WITHSCORES', 'LIMIT', 0, page)
if #heard == 2 * page then answer[2] = 1 end
for at = 1, #heard, 2 do
  answer[1] = heard[at + 1] + 0
  local b = read(heard[at])
  if b then
    local lifted = b.lifted > b.began and now - b.lifted or -1
    answer[#answer + 1] = { heard[at], now - b.began, b.length, b.steps, lifted, math.max(b.room - now, 0) }
  end
end
return answer
