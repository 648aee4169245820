-- A member is there no longer, and neither is its vote.
--
-- KEYS[1]  the members, as in read.lua
-- KEYS[2]  the votes, as in vote.lua
-- ARGV[1]  the member
--
-- Answers 1.

redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
return 1
