-- How breakers stand, and that a member is there.
--
-- KEYS[3i - 2]  the members of breaker i: a sorted set, by the millisecond at which each was heard of last
-- KEYS[3i - 1]  its votes, as in vote.lua
-- KEYS[3i]      the order about it, as in force.lua
-- ARGV[1]       the member
-- ARGV[2]       after how many milliseconds of silence a member is gone
-- ARGV[3]       for how many milliseconds an order is kept if nobody is there who knows it
--
-- and for breaker i, from ARGV[3i + 1] on:
--   YOUNGER  counts only votes that are younger than so many milliseconds; -1 counts all
--   VERSION  the version of the order that the member knows of, or 0
--   FORCE    what that one says, or 0
--
-- Answers five numbers for each breaker: members, votes that count, 1 if the member's own vote is there, and version and
-- force of the order, or 0 and 0. An order of the member that is later than the one that stands here is kept: so what a
-- server has lost is known again as long as anybody knows it.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local member, silence, kept = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local RECORD = 'RECORD what stands here is of no version 1'

-- How many votes count, whether the member's own is there, and those that are over.
local function count(key, younger)
  local votes, own, over = 0, 0, {}
  local all = redis.call('HGETALL', key)
  for at = 1, #all, 2 do
    local cast, ends = string.match(all[at + 1], '^1 (%d+) (%d+)$')
    if not cast then
      return nil
    elseif tonumber(ends) <= now then
      over[#over + 1] = all[at]
    else
      if younger < 0 or now - tonumber(cast) < younger then votes = votes + 1 end
      if all[at] == member then own = 1 end
    end
  end
  return votes, own, over
end

-- All is read before anything is written.
local breakers = {}
for i = 1, #KEYS / 3 do
  local b = { younger = tonumber(ARGV[3 * i + 1]), version = 0, force = 0 }
  local told, says = tonumber(ARGV[3 * i + 2]), tonumber(ARGV[3 * i + 3])
  b.votes, b.own, b.over = count(KEYS[3 * i - 1], b.younger)
  if not b.votes then return redis.error_reply(RECORD) end
  local record = redis.call('GET', KEYS[3 * i])
  if record then
    local version, force = string.match(record, '^1 (%d+) (%d+)$')
    if not version then return redis.error_reply(RECORD) end
    b.version, b.force = tonumber(version), tonumber(force)
  end
  if told > b.version then
    b.version, b.force, b.lost = told, says, true
  end
  breakers[i] = b
end

local answer = {}
for i, b in ipairs(breakers) do
  local members, votes, order = KEYS[3 * i - 2], KEYS[3 * i - 1], KEYS[3 * i]
  redis.call('ZREMRANGEBYSCORE', members, '-inf', string.format('%.0f', now - silence))
  redis.call('ZADD', members, string.format('%.0f', now), member)
  redis.call('PEXPIRE', members, silence)
  for _, gone in ipairs(b.over) do redis.call('HDEL', votes, gone) end
  if b.lost then
    redis.call('SET', order, string.format('1 %.0f %.0f', b.version, b.force), 'PX', kept)
  end
  local there = redis.call('ZCARD', members)
  for _, number in ipairs({ there, b.votes, b.own, b.version, b.force }) do
    answer[#answer + 1] = number
  end
end
return answer
