-- Permits are a set, which is changed and not written anew.
-- Each is called WHO:NUMBER/MILLISECONDS, by how long it is held unless that is renewed: by that it is known what is too
-- far ahead, as processes may differ.
function permits.name(o, permit)
  return o.who_has .. ':' .. permit .. '/' .. string.format('%d', math.ceil(o.span / 1e6))
end
-- A permit that ends later than it can be held tells of a clock that was set back. It is drawn near, or else it would count for
-- as long as the clock is behind. Of those that are left no one ends later than the longest that anybody holds.
function permits.mend(key)
  local function furthest(permit)
    local span = string.match(permit, '/(%d+)$')
    return span and micro + span * 1000 + 1000
  end
  local last = call('ZREVRANGE', key, 0, 0, 'WITHSCORES')
  local bound = last[1] and furthest(last[1])
  if not bound or last[2] + 0 <= bound then return end
  local ahead = call('ZRANGEBYSCORE', key, '(' .. string.format('%.0f', micro), '+inf', 'WITHSCORES')
  for at = 1, #ahead, 2 do
    bound = furthest(ahead[at])
    if bound and ahead[at + 1] + 0 > bound then call('ZADD', key, string.format('%.0f', bound), ahead[at]) end
  end
end
-- Never sooner than others need it, who may hold theirs for longer.
function permits.keep(key, o)
  local span = math.floor((o.span + 999999) / 1e6)
  if call('PTTL', key) < span then call('PEXPIRE', key, string.format('%d', span)) end
end
function permits.held(key) return call('ZCOUNT', key, '(' .. string.format('%.0f', micro), '+inf') end
function permits.ends(o) return string.format('%.0f', micro + math.ceil(o.span / 1000)) end
function permits.add(key, o)
  local ends = permits.ends(o)
  call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', micro))
  for permit = 1, o.cost do
    call('ZADD', key, ends, permits.name(o, permit))
  end
  permits.keep(key, o)
end
function permits.renew(key, o)
  for permit = 1, o.cost do
    call('ZADD', key, 'XX', permits.ends(o), permits.name(o, permit))
  end
  permits.keep(key, o)
end
function permits.remove(key, o)
  for permit = 1, o.cost do
    call('ZREM', key, permits.name(o, permit))
  end
end
